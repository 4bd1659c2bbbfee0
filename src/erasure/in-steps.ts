/** Runs the code without holding the event loop. */

/** Steps between two turns of the event loop: a few milliseconds. */
const STEPS = 8

/** `turn`: resolves when the event loop has turned; what it rejects with ends the work */
export async function inSteps<T> (steps: Generator<undefined, T>, turn: () => Promise<void>): Promise<T> {
  let step = steps.next()

  for (let i = 1; step.done !== true; i++) {
    if (i % STEPS === 0) {
      await turn()
    }

    step = steps.next()
  }

  return step.value
}
