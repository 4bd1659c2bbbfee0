/** What changes a local store besides downloads: files that are stored, deletion, and putting in order what kills left. */
export { DatasetChanges } from './dataset-changes.ts'
export { Draft } from './draft.ts'
export { eraseTombs } from './erase.ts'
export { collectGarbage } from './garbage.ts'
export { ProtectedDraft } from './protected-draft.ts'
