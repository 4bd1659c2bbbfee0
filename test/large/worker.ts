/** What each process but the first runs: one role, then it ends by itself. */
import { ROLES } from './roles/index.ts'
import type { Role } from './roles/index.ts'

const [role, input] = process.argv.slice(2)
const onOrphaned = (): void => { process.exit(1) }

process.on('disconnect', onOrphaned)
await ROLES[role as Role](JSON.parse(input))
process.off('disconnect', onOrphaned)
process.disconnect?.()
