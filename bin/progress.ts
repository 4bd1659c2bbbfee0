import { SingleBar } from 'cli-progress'
import { formatBytes, formatMilliseconds } from './format.ts'
import type { Progress } from '../src/progress.ts'

/** How often a terminal is told, in milliseconds. */
const BAR_INTERVAL = 100
/** How often a log is told, in milliseconds. */
const LINE_INTERVAL = 2_000

/** Where progress is shown: a terminal, or a file or pipe that gets plain lines. */
export type ProgressStream = NodeJS.WritableStream & { isTTY?: boolean }

/**
 * Shows the progress of a download until it is told to stop: a bar on a terminal, a line now and then elsewhere.
 * `resumed` bytes of it were there before it started.
 */
export function showProgress (progress: () => Progress, stream: ProgressStream, resumed = 0): () => void {
  return stream.isTTY === true ? showBar(progress, stream, resumed) : showLines(progress, stream, resumed)
}

function showBar (progress: () => Progress, stream: ProgressStream, resumed: number): () => void {
  const bar = new SingleBar({
    stream,
    format: '{bar} {percentage}% | {done} of {size} | {speed} | {peers} | ETA {left}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    linewrap: true,
    gracefulExit: false
  })
  const update = (): void => {
    const now = progress()
    bar.setTotal(resumed + (now.totalBytes ?? 0))
    bar.update(resumed + now.bytes, words(now, resumed))
  }
  bar.start(resumed + (progress().totalBytes ?? 0), resumed, words(progress(), resumed))
  const timer = setInterval(update, BAR_INTERVAL)

  return () => {
    clearInterval(timer)
    update()
    bar.stop()
  }
}

function showLines (progress: () => Progress, stream: ProgressStream, resumed: number): () => void {
  const print = (): void => {
    const { done, size, speed, peers, left } = words(progress(), resumed)
    stream.write(`${done} of ${size}, ${speed}, ${peers}, ETA ${left}\n`)
  }
  const timer = setInterval(print, LINE_INTERVAL)

  return () => {
    clearInterval(timer)
    print()
  }
}

function words (progress: Progress, resumed: number): Record<'done' | 'size' | 'speed' | 'peers' | 'left', string> {
  return {
    done: formatBytes(resumed + progress.bytes),
    size: progress.totalBytes == null ? '?' : formatBytes(resumed + progress.totalBytes),
    speed: `${formatBytes(progress.rate)}/s`,
    peers: progress.peers === 1 ? '1 peer' : `${progress.peers} peers`,
    left: formatMilliseconds(progress.eta)
  }
}
