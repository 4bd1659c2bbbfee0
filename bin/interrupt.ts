import { InterruptedError } from './exit-codes.ts'

/**
 * A signal that aborts when the user (Ctrl-C) or the system asks the process to end. Asked a second time, it ends at
 * once: what is on disk is good for a later run at any moment.
 */
export function interruptSignal (): { signal: AbortSignal, release(): void } {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => {
    const reason = new InterruptedError(name)

    if (controller.signal.aborted) {
      process.exit(reason.exitCode)
    }

    controller.abort(reason)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)

  return {
    signal: controller.signal,
    release () {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    }
  }
}
