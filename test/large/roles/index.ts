import { download } from './download.ts'
import { nap } from './nap.ts'
import { prefetch } from './prefetch.ts'
import { readers } from './readers.ts'
import { seed } from './seed.ts'
import { serve } from './serve.ts'

/** What a process can be made to do. */
export const ROLES = { download, nap, prefetch, readers, seed, serve }

export type Role = keyof typeof ROLES
