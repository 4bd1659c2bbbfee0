/** A process of hostile peers. */
import { attack } from './attacks.ts'
import { play } from './role.ts'
import type { AttackFigures, AttackInit } from './attacks.ts'

const enough = new AbortController()
const figures: Record<string, AttackFigures> = {}
let attacks: Array<Promise<void>> = []

function begin ({ kinds, ...init }: Omit<AttackInit, 'signal'> & { kinds: string[] }): void {
  attacks = kinds.map(async kind => {
    figures[kind] ??= { rounds: 0, cutOff: 0 }
    await attack(kind, { ...init, signal: enough.signal }, figures[kind])
  })
}

async function end (): Promise<Record<string, AttackFigures>> {
  enough.abort()
  await Promise.all(attacks)

  return figures
}

// what a round left behind when it was cut off
process.on('unhandledRejection', () => {})
play({ begin, figures: () => figures, end }, async () => { await end() })
