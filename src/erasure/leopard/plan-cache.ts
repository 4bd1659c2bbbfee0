import { makePlan } from './plan.ts'
import type { Field } from './field.ts'
import type { Loss, Plan } from './plan.ts'

/** Bytes of rows that are kept: some hundred plans of a usual code. */
const CACHE_BYTES = 2 * 1024 * 1024

/** Plans of the losses that were met last: those of a dataset are often alike. */
export class PlanCache {
  /** Bytes of rows held. */
  bytes = 0
  private readonly plans = new Map<string, Plan>()

  get (field: Field, loss: Loss): Plan {
    const { dataCount, parityPositions, missing, spare } = loss
    const key = `${dataCount} ${parityPositions} ${missing.join()} ${spare.join()}`
    const plan = this.plans.get(key) ?? makePlan(field, loss)
    this.remove(key)
    this.plans.set(key, plan)
    this.bytes += plan.rows.length

    for (const oldest of this.plans.keys()) {
      if (this.bytes <= CACHE_BYTES) {
        break
      }

      this.remove(oldest)
    }

    return plan
  }

  private remove (key: string): void {
    this.bytes -= this.plans.get(key)?.rows.length ?? 0
    this.plans.delete(key)
  }
}
