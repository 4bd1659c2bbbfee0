/* eslint-disable no-console */
/**
 * Packs the package as it would be published, installs it in an empty project, and uses every entry of it from
 * JavaScript and from TypeScript. Run by CI.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../run-command.ts'
import { withTempDir } from '../temp-dir.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** A name that each entry must export. */
const ENTRIES: Record<string, string> = {
  '.': 'createCodex',
  './libp2p': 'libp2pTransport',
  './dht': 'codexDiscovery',
  './node': 'createNode',
  './testing': 'SimulatedNetwork'
}

const TYPED = `
import { createCodex, StallError } from 'codex-download'
import type { Codex, CodexInit, Download, Manifest } from 'codex-download'
import { contentRoutingDiscovery, libp2pTransport } from 'codex-download/libp2p'
import { codexDiscovery } from 'codex-download/dht'
import { createNode } from 'codex-download/node'
import type { CodexNode } from 'codex-download/node'
import * as testing from 'codex-download/testing'

export async function use (init: CodexInit): Promise<Uint8Array | undefined> {
  const codex: Codex = createCodex(init)
  const node: CodexNode = await createNode({ dataDir: 'data', listen: [] })
  const download: Download = codex.download('zDv', { offset: 1, length: 2 })
  const manifest: Manifest | undefined = await download.manifest()
  // @ts-expect-error an option that is not there
  codex.download('zDv', { nonsense: true })

  for await (const bytes of download) {
    const checked: Uint8Array = bytes
    return checked
  }

  await node.stop()
  console.info(manifest?.filename, StallError.name, libp2pTransport, contentRoutingDiscovery, codexDiscovery, testing)
}
`

async function main (): Promise<void> {
  const { name, version, exports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const undeclared = Object.keys(exports).filter(entry => !(entry in ENTRIES))

  if (undeclared.length > 0) {
    throw new Error(`no name to look for is given for the entries ${undeclared.join(', ')}`)
  }

  await withTempDir(async dir => {
    // the build is fresh, and this very file lies in it
    const [packed] = JSON.parse(await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir], { cwd: ROOT }))
    checkFiles(packed.files.map((file: { path: string }) => file.path))

    const project = join(dir, 'project')
    await mkdir(project)
    await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }))
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(dir, packed.filename)], { cwd: project })

    for (const [entry, exported] of Object.entries(ENTRIES)) {
      const specifier = `${name}${entry.slice(1)}`
      const script = `
        import * as entry from '${specifier}'
        if (typeof entry.${exported} !== 'function') { throw new Error('${specifier} exports no ${exported}') }
      `
      await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: project })
      console.info(`${specifier} imported from JavaScript`)
    }

    await writeFile(join(project, 'use.ts'), TYPED)
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { module: 'nodenext', target: 'es2024', lib: ['es2024', 'dom'], strict: true, noEmit: true, skipLibCheck: true, types: [] },
      files: ['use.ts']
    }))
    await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: project })
    console.info('every entry imported from TypeScript (nodenext)')

    const printed = await run(join(project, 'node_modules/.bin/codex-download'), ['--version'], { cwd: project })

    if (printed.trim() !== version) {
      throw new Error(`the installed command says it is ${printed}, not ${version}`)
    }

    console.info(`the command runs: ${printed.trim()}; ${packed.files.length} files, ${packed.size} bytes packed`)
  })
}

function checkFiles (files: string[]): void {
  const wanted = ['README.md', 'LICENSE-APACHE', 'LICENSE-MIT', 'CHANGELOG.md', 'dist/src/index.js', 'dist/bin/codex-download.js']
  const missing = wanted.filter(file => !files.includes(file))
  const stray = files.filter(file => /^(?:dist\/)?(?:test|examples|benchmark)\/|\.tsbuildinfo$/.test(file))

  if (missing.length > 0 || stray.length > 0) {
    throw new Error(`the package lacks ${missing.join(', ') || 'nothing'} and should not have ${stray.join(', ') || 'nothing'}`)
  }
}

await main()
