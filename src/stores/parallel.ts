/**
 * Does `work` for every item, `width` at a time. The first failure keeps further items from being begun; it is thrown
 * when all that were begun have ended.
 */
export async function parallel<T> (items: Iterable<T>, width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const errors: unknown[] = []
  let next = 0

  const worker = async (): Promise<void> => {
    while (next < queue.length && errors.length === 0) {
      try {
        await work(queue[next++])
      } catch (err) {
        errors.push(err)
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(width, queue.length) }, worker))

  if (errors.length > 0) {
    throw errors[0]
  }
}
