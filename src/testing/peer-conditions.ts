import { InvalidParametersError } from '../errors.ts'
import type { Random } from '../interfaces.ts'

/** How a simulated peer is connected. May be changed at any time. */
export interface PeerConditions {
  /** Milliseconds between the peer and the middle of the network; one way to another peer is the sum of both. */
  latency: number
  /** Milliseconds by which a packet's latency is longer at most. */
  jitter: number
  /** Bytes a second that the peer can send, all its streams together. Above 0. */
  upload: number
  /** Bytes a second that the peer can receive, all its streams together. Above 0. */
  download: number
}

/** @throws {InvalidParametersError} when a bandwidth is not above 0, or a time is negative or endless */
export function assertPossible ({ latency, jitter, upload, download }: PeerConditions): void {
  if (!(latency >= 0 && latency < Infinity && jitter >= 0 && jitter < Infinity && upload > 0 && download > 0)) {
    throw new InvalidParametersError(`A peer cannot be connected so: ${JSON.stringify({ latency, jitter, upload, download })}`)
  }
}

/** Milliseconds that the next packet between two peers takes. */
export function latencyBetween (a: PeerConditions, b: PeerConditions, random: Random): number {
  const jitter = a.jitter + b.jitter

  return a.latency + b.latency + (jitter > 0 ? random() * jitter : 0)
}
