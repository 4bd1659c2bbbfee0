/** The stores of a host that gives none. */
export { MemoryDatastore } from 'datastore-core/memory'
export { BoundedMemoryBlockstore } from './memory-blockstore.ts'
