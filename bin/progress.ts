import { SingleBar } from 'cli-progress'
import { formatBytes, formatMilliseconds } from './format.ts'
import type { Progress } from '../src/progress.ts'

/** How often progress is looked at, and drawn on a terminal, in milliseconds. */
const LOOK_INTERVAL = 100
/** How often a log is told, in milliseconds. */
const LINE_INTERVAL = 2_000

/** How long a peer counts after it was asked, in milliseconds. */
const PEERS_SHOWN = 1_000

/** Where progress is shown: a terminal, or a file or pipe that gets plain lines. */
export type ProgressStream = NodeJS.WritableStream & { isTTY?: boolean }

/**
 * Shows the progress of a download until it is told to stop: a bar on a terminal, a line now and then elsewhere.
 * `resumed` bytes of it were there before it started.
 */
export function showProgress (progress: () => Progress, stream: ProgressStream, resumed = 0): () => void {
  const pulse = new Pulse()
  const look = (): Look => lookOf(pulse.take(progress()), resumed)

  return stream.isTTY === true ? showBar(look, stream) : showLines(look, stream)
}

/** What is shown. */
interface Look {
  bytes: number
  total: number
  words: Record<'done' | 'size' | 'speed' | 'peers' | 'left', string>
}

function showBar (look: () => Look, stream: ProgressStream): () => void {
  const bar = new SingleBar({
    stream,
    // fits into 80 columns
    format: '{bar} {percentage}%  {done} of {size}  {speed}  {peers}  ETA {left}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 16,
    emptyOnZero: true,
    hideCursor: true,
    linewrap: true,
    gracefulExit: false
  })
  const update = (): void => {
    const { bytes, total, words } = look()
    bar.setTotal(total)
    bar.update(bytes, words)
  }
  const { bytes, total, words } = look()
  bar.start(total, bytes, words)
  const timer = setInterval(update, LOOK_INTERVAL)

  return () => {
    clearInterval(timer)
    update()
    bar.stop()
  }
}

function showLines (look: () => Look, stream: ProgressStream): () => void {
  let printed = performance.now()
  const print = ({ done, size, speed, peers, left }: Look['words']): void => {
    printed = performance.now()
    stream.write(`${done} of ${size}, ${speed}, ${peers}, ETA ${left}\n`)
  }
  const timer = setInterval(() => {
    const { words } = look()

    if (performance.now() - printed >= LINE_INTERVAL) {
      print(words)
    }
  }, LOOK_INTERVAL)

  return () => {
    clearInterval(timer)
    print(look().words)
  }
}

function lookOf (progress: Progress, resumed: number): Look {
  const bytes = resumed + progress.bytes
  const total = progress.totalBytes == null ? 0 : resumed + progress.totalBytes

  return {
    bytes,
    total,
    words: {
      done: formatBytes(bytes),
      size: total === 0 ? '?' : formatBytes(total),
      speed: `${formatBytes(progress.rate)}/s`,
      peers: progress.peers === 1 ? '1 peer' : `${progress.peers} peers`,
      left: formatMilliseconds(total > 0 && bytes === total ? 0 : progress.eta)
    }
  }
}

/**
 * Between two batches no peer may be asked for anything, and at the end there is no rate any more: for the eye, peers
 * count for a second, and the last rate stays.
 */
class Pulse {
  #rate = 0
  #seen: Array<{ at: number, peers: number }> = []

  take (progress: Progress): Progress {
    const at = performance.now()
    this.#rate = progress.rate > 0 ? progress.rate : this.#rate
    this.#seen = [...this.#seen.filter(seen => at - seen.at < PEERS_SHOWN), { at, peers: progress.peers }]

    return { ...progress, rate: this.#rate, peers: Math.max(...this.#seen.map(({ peers }) => peers)) }
  }
}
