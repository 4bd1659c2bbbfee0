/** True for an error of the system, or of a library that follows its form, with this code (`ENOENT`, …). */
export function hasCode (err: unknown, ...codes: string[]): boolean {
  return err instanceof Error && 'code' in err && codes.includes(String(err.code))
}
