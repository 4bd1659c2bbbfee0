/** Bytes that several may hold together. Who finds no room waits; who came first goes first. */
export class Room {
  readonly #bytes: number
  readonly #waiting: Array<() => void> = []
  #taken = 0

  constructor (bytes: number) {
    this.#bytes = bytes
  }

  /** Bytes that are held now. */
  get taken (): number {
    return this.#taken
  }

  /** Resolves when `bytes` are taken. What is larger than the whole room has it alone. */
  async take (bytes: number): Promise<void> {
    while (this.#taken > 0 && this.#taken + bytes > this.#bytes) {
      await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    }

    this.#taken += bytes
  }

  /** Gives back what was taken. */
  free (bytes: number): void {
    this.#taken -= bytes
    this.#waiting.splice(0).forEach(resolve => { resolve() })
  }
}
