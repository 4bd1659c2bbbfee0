import { say, withNode } from './node.ts'

export interface ServeInput {
  dataDir: string
}

export interface Served {
  addresses: string[]
}

/** Serves what is in a directory until it is killed. */
export async function serve ({ dataDir }: ServeInput): Promise<void> {
  await withNode({ dataDir, listen: ['/ip4/127.0.0.1/tcp/0'] }, async ({ addresses }) => {
    const served: Served = { addresses: addresses().map(address => address.toString()) }
    say(served)

    await new Promise(() => { process.on('message', () => {}) })
  })
}
