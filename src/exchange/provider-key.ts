import type { Provider } from '../interfaces.ts'

/** Text by which two mentions of one provider are the same. */
export function providerKey (provider: Provider): string {
  return 'multiaddrs' in provider ? provider.id.toString() : provider.toString()
}
