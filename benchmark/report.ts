/** One result: as fields, and as a line to read. */
export interface Result {
  figures: Record<string, unknown>
  line: string
}

export type Bench = () => AsyncIterable<Result>
