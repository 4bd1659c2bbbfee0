/** A timer of a virtual clock. */
export interface Timer {
  /** When it fires, in milliseconds of the clock. */
  readonly time: number
  /** Order among timers of one time. */
  readonly order: number
  fn(): void
  /** Place in the heap; -1 when it is not in it. */
  place: number
}

/** A binary heap of timers, first by time, then by order; takes any of them out in O(log n). */
export class TimerHeap {
  readonly #timers: Timer[] = []

  get size (): number {
    return this.#timers.length
  }

  /** The next to fire, which stays. */
  peek (): Timer | undefined {
    return this.#timers[0]
  }

  add (timer: Timer): void {
    this.#rise(timer, this.#timers.length)
  }

  /** Takes a timer out; nothing happens when it is not in. */
  remove (timer: Timer): void {
    const place = timer.place

    if (place < 0) {
      return
    }

    timer.place = -1
    const last = this.#timers.pop()

    if (last == null || last === timer) {
      return
    }

    this.#sink(last, place)
    this.#rise(last, last.place)
  }

  #rise (timer: Timer, place: number): void {
    const timers = this.#timers

    while (place > 0) {
      const parent = (place - 1) >> 1

      if (before(timers[parent], timer)) {
        break
      }

      this.#set(timers[parent], place)
      place = parent
    }

    this.#set(timer, place)
  }

  #sink (timer: Timer, place: number): void {
    const timers = this.#timers

    for (let child = 2 * place + 1; child < timers.length; child = 2 * place + 1) {
      if (child + 1 < timers.length && before(timers[child + 1], timers[child])) {
        child++
      }

      if (before(timer, timers[child])) {
        break
      }

      this.#set(timers[child], place)
      place = child
    }

    this.#set(timer, place)
  }

  #set (timer: Timer, place: number): void {
    this.#timers[place] = timer
    timer.place = place
  }
}

function before (a: Timer, b: Timer): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}
