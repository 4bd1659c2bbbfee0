import { sameEndpoint } from './endpoint.ts'
import { ANSWER_MS, MAX_RECORDS, RESEND_MS, REST_MS } from './limits.ts'
import { encodeMessage, REQUEST_ID_BYTES } from './messages.ts'
import { keyOf } from './node-id.ts'
import type { DhtCrypto } from './crypto.ts'
import type { Body, Message, MessageOf } from './messages.ts'
import type { Messenger, Outgoing } from './messenger.ts'
import type { Contact } from './record-book.ts'
import type { Session } from './sessions.ts'
import type { Clock } from '../interfaces.ts'

/** Messages that one answer may consist of. */
const MAX_PARTS = MAX_RECORDS
/** Milliseconds that a timer may be late before we take ourselves for busy. */
const LATE_MS = 50

type AnswerType = 'pong' | 'nodes' | 'providers'

interface Question extends Outgoing {
  readonly requestId: string
  /** What answers it; nothing answers an announcement. */
  readonly expects?: AnswerType
  readonly parts: Message[]
  timer: unknown
  done(parts: Message[]): void
}

export interface AskOptions {
  /** Called when no answer came to the first sending. */
  onSlow?(): void
}

/** Questions to other nodes: each is sent, sent again, and answered or given up. */
export class Questions {
  readonly #crypto: DhtCrypto
  readonly #clock: Clock
  readonly #messenger: Messenger
  /** By request id. */
  readonly #open = new Map<string, Question>()

  constructor (crypto: DhtCrypto, clock: Clock, messenger: Messenger) {
    this.#crypto = crypto
    this.#clock = clock
    this.#messenger = messenger
  }

  get size (): number {
    return this.#open.size
  }

  /** The messages of the answer; empty when none comes. A part may be missing when datagrams are lost. */
  async ask<T extends AnswerType> (contact: Contact, body: Body, expects: T, { onSlow }: AskOptions = {}): Promise<Array<MessageOf<T>>> {
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const question = this.#begin(contact, body, { expects, done: resolve })

    this.#wait(question, RESEND_MS, () => {
      this.#messenger.ask(question)
      this.#wait(question, ANSWER_MS, () => { this.#end(question) })
      onSlow?.()
    })

    return await promise as Array<MessageOf<T>>
  }

  /** Says what nobody answers. Sent once; if a session is needed first, that is made. */
  tell (contact: Contact, body: Body): void {
    const question = this.#begin(contact, body, { done: () => {} })

    this.#wait(question, ANSWER_MS, () => { this.#end(question) })
  }

  /** An answer that came; what nobody asked that node is ignored. */
  onAnswer ({ key, endpoint }: Session, message: Message): void {
    const question = this.#open.get(keyOf(message.requestId))

    if (question == null || question.expects !== message.type || question.contact.key !== key || !sameEndpoint(question.contact.endpoint, endpoint)) {
      return
    }

    question.parts.push(message)
    const total = message.type === 'nodes' ? Math.min(message.total, MAX_PARTS) : 1

    if (question.parts.length >= total) {
      this.#end(question)
    } else if (question.parts.length === 1) {
      this.#wait(question, REST_MS, () => { this.#end(question) })
    }
  }

  /** Gives up all questions. */
  stop (): void {
    this.#open.forEach(question => { this.#end(question) })
  }

  #begin (contact: Contact, body: Body, { expects, done }: Pick<Question, 'expects' | 'done'>): Question {
    const requestId = this.#crypto.randomBytes(REQUEST_ID_BYTES)
    const question: Question = {
      contact,
      message: encodeMessage({ requestId, ...body } as Message),
      nonces: [],
      handshakes: 0,
      requestId: keyOf(requestId),
      expects,
      parts: [],
      timer: undefined,
      done
    }
    this.#open.set(question.requestId, question)
    this.#messenger.ask(question)

    return question
  }

  /** Does something unless the question is settled before. A busy process does it late: the answer may wait to be read. */
  #wait (question: Question, ms: number, fn: () => void): void {
    const due = this.#clock.now() + ms
    this.#clock.clearTimeout(question.timer)

    question.timer = this.#clock.setTimeout(() => {
      const late = this.#clock.now() - due

      if (late > LATE_MS) {
        question.timer = this.#clock.setTimeout(fn, Math.min(late, ms))
      } else {
        fn()
      }
    }, ms)
  }

  #end (question: Question): void {
    this.#clock.clearTimeout(question.timer)
    this.#open.delete(question.requestId)
    this.#messenger.settle(question)
    question.done(question.parts)
  }
}
