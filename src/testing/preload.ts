/**
 * What the core loads on demand, loaded at once: to load is real I/O, during which virtual time would run on. What is
 * loaded already costs a dynamic import some microtasks, the same in each run. Leopard is not here: it is compiled when
 * it is first used, which is real work too, so who simulates a repair or a recovery begins it before.
 */
import '../exchange/server.ts'
import '../metrics.ts'
import '../prefetch.ts'
import '../protected-retrieval.ts'
import '../repair.ts'
import '../stores/changing.ts'
import '../stores/in-memory.ts'
import '../storing.ts'
