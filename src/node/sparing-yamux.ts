import { yamux } from '@libp2p/yamux'
import { KiB } from '../constants.ts'
import type { StreamMuxerFactory } from '@libp2p/interface'
import type { YamuxMuxerInit } from '@libp2p/yamux'

type YamuxMuxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>
type YamuxStream = YamuxMuxer['streams'][number]

/** Bytes of a stream's window that are given back together: half of the smallest one, so that the other side never waits. */
const TOGETHER = 128 * KiB

/**
 * yamux as libp2p has it, but that a window is given back when half of the smallest is read, as in the implementation of its
 * authors, and not with each frame: that took a message of its own, encrypted and written, for every 28 KiB that came.
 */
export function sparingYamux (init: YamuxMuxerInit): () => StreamMuxerFactory {
  return () => {
    const factory = yamux(init)()
    const createStreamMuxer = factory.createStreamMuxer.bind(factory)

    factory.createStreamMuxer = connection => {
      const muxer = createStreamMuxer(connection)
      const onRemoteStream = muxer.onRemoteStream.bind(muxer)

      muxer.onRemoteStream = stream => {
        spare(stream)
        onRemoteStream(stream)
      }

      return muxer
    }

    return factory
  }
}

function spare (stream: YamuxStream): void {
  const handleData = stream.handleData.bind(stream)
  const sendWindowUpdate = stream.sendWindowUpdate.bind(stream)
  const sendResume = stream.sendResume.bind(stream)
  // the first update accepts the stream
  let owed = TOGETHER

  stream.handleData = frame => {
    owed += frame.header.length
    handleData(frame)
  }

  stream.sendWindowUpdate = () => {
    if (owed >= TOGETHER) {
      owed = 0
      sendWindowUpdate()
    }
  }

  stream.sendResume = () => {
    owed = TOGETHER
    sendResume()
  }
}
