/**
 * The rules of the house, read off the imports: which room may use which, and what the core may not touch.
 */
import { isBuiltin } from 'node:module'
import path from 'node:path'
import ts from 'typescript'

export interface Violation {
  file: string
  line: number
  message: string
}

/** Files of `src/` by their path inside it (`dataset/block.ts`) and their text. */
export type Sources = Map<string, string>

interface Import {
  specifier: string
  typeOnly: boolean
  line: number
}

const ROOT_FILES = ['errors.ts', 'constants.ts']
const CONTRACTS = [...ROOT_FILES, 'interfaces.ts', 'events.ts']

/**
 * What a room may import of the project, besides itself. The first entry whose prefix fits the file decides; a file
 * that none fits (`index.ts`, `codex.ts`, …) may import any of the core.
 */
const ROOMS: Array<{ room: string, may: string[] }> = [
  { room: 'dataset/', may: ROOT_FILES },
  { room: 'erasure/leopard/', may: [] },
  { room: 'erasure/', may: [...ROOT_FILES, 'dataset/'] },
  { room: 'stores/network-', may: [...CONTRACTS, 'dataset/', 'stores/', 'exchange/'] },
  { room: 'stores/', may: [...CONTRACTS, 'dataset/', 'stores/'] },
  // not the network store: it imports the exchange, so that would be a circle
  { room: 'exchange/', may: [...CONTRACTS, 'dataset/', 'stores/'] },
  { room: 'wire/', may: [...CONTRACTS, 'dataset/', 'exchange/peer-link.ts'] },
  { room: 'streams/', may: [...CONTRACTS, 'dataset/', 'erasure/', 'stores/'] },
  { room: 'errors.ts', may: [] },
  { room: 'constants.ts', may: [] },
  { room: 'interfaces.ts', may: [...ROOT_FILES, 'dataset/'] }
]

/** Rooms outside the core: adapters and batteries. Nothing in the core imports them. */
const ADAPTERS = ['libp2p/', 'dht/', 'node/', 'testing/']

/** The core's only files that may know what runtime they are in. */
const RUNTIME_FILES = ['runtime.ts', 'hasher/node.ts', 'hasher/web.ts']

/** Packages that the core may load. Types may come from any. */
const CORE_PACKAGES = [
  '@ipld/dag-pb', '@libp2p/interface', '@libp2p/peer-id', '@multiformats/multiaddr', '@noble/hashes', 'abort-error',
  'blockstore-core', 'datastore-core', 'interface-blockstore', 'interface-datastore', 'interface-store', 'it-pipe',
  'it-pushable', 'main-event', 'multiformats', 'progress-events', 'protons-runtime', 'uint8-varint', 'uint8arraylist',
  'uint8arrays'
]

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'requestAnimationFrame', 'process', 'Buffer']
const IMPURE = ['Date.now', 'Math.random', 'AbortSignal.timeout', 'performance.now', 'crypto.getRandomValues', 'crypto.randomUUID']
const GLOBALS = ['globalThis', 'window', 'self', 'global']

export function checkRules (sources: Sources): Violation[] {
  const violations: Violation[] = []
  const graph = new Map<string, string[]>()

  for (const [file, text] of sources) {
    const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
    const core = !ADAPTERS.some(room => file.startsWith(room))
    const pure = core && !RUNTIME_FILES.includes(file)
    const report = (line: number, message: string): void => {
      violations.push({ file, line, message })
    }
    const edges: string[] = []
    graph.set(file, edges)

    for (const { specifier, typeOnly, line } of importsOf(tree)) {
      if (specifier.startsWith('.')) {
        const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier))
        edges.push(target)
        checkRoom(file, target, core, message => report(line, message))
      } else if (pure) {
        checkPackage(specifier, typeOnly, message => report(line, message))
      }
    }

    if (pure) {
      checkGlobals(tree, report)
    }
  }

  for (const cycle of findCycles(graph)) {
    violations.push({ file: cycle[0], line: 1, message: `imports go in a circle: ${cycle.join(' → ')}` })
  }

  return violations
}

function checkRoom (file: string, target: string, core: boolean, report: (message: string) => void): void {
  if (target.startsWith('../')) {
    report(`imports ${target}, which is outside src/`)
    return
  }

  if (core && ADAPTERS.some(room => target.startsWith(room))) {
    report(`is of the core and imports the adapter ${target}`)
    return
  }

  const rule = ROOMS.find(({ room }) => file.startsWith(room))

  if (rule == null) {
    return
  }

  const own = rule.room.endsWith('/') && target.startsWith(rule.room)

  if (!own && !rule.may.some(allowed => target === allowed || (allowed.endsWith('/') && target.startsWith(allowed)))) {
    report(`${rule.room} may not import ${target}`)
  }
}

function checkPackage (specifier: string, typeOnly: boolean, report: (message: string) => void): void {
  if (isBuiltin(specifier)) {
    report(`is of the core and imports the Node built-in ${specifier}`)
  } else if (!typeOnly && !specifier.startsWith('#') &&
    !CORE_PACKAGES.some(name => specifier === name || specifier.startsWith(`${name}/`))) {
    report(`is of the core and loads the package ${specifier}`)
  }
}

/** Every import, re-export and dynamic import of a file. */
function importsOf (tree: ts.SourceFile): Import[] {
  const imports: Import[] = []
  const add = (node: ts.Node, specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier != null && ts.isStringLiteralLike(specifier)) {
      imports.push({ specifier: specifier.text, typeOnly, line: lineOf(tree, node) })
    }
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], false)
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node, node.argument.literal, true)
    }

    ts.forEachChild(node, visit)
  }
  visit(tree)

  return imports
}

/** Finds timers, clocks and random numbers that are the runtime's own; `clock.setTimeout` is the injected one and fine. */
function checkGlobals (tree: ts.SourceFile, report: (line: number, message: string) => void): void {
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node)) {
      return
    }

    if (ts.isPropertyAccessExpression(node)) {
      const text = node.getText(tree).replace(/\s|\?/g, '')
      const global = GLOBALS.find(name => text.startsWith(`${name}.`))
      const plain = global == null ? text : text.slice(global.length + 1)

      if (IMPURE.includes(plain) || (global != null && TIMERS.includes(plain))) {
        report(lineOf(tree, node), `is of the core and uses ${text}: take the injected clock or random`)
      }

      visit(node.expression)
      return
    }

    if (ts.isIdentifier(node) && TIMERS.includes(node.text) && isReference(node)) {
      report(lineOf(tree, node), `is of the core and uses ${node.text}: take the injected clock`)
    }

    if (ts.isNewExpression(node) && node.expression.getText(tree) === 'Date' && (node.arguments?.length ?? 0) === 0) {
      report(lineOf(tree, node), 'is of the core and uses new Date(): take the injected clock')
    }

    ts.forEachChild(node, visit)
  }
  visit(tree)
}

/** False where an identifier is the name of something declared here. */
function isReference (node: ts.Identifier): boolean {
  const parent = node.parent as ts.Node & { name?: ts.Node }

  return parent.name !== node || ts.isShorthandPropertyAssignment(parent)
}

function findCycles (graph: Map<string, string[]>): string[][] {
  const done = new Set<string>()
  const path: string[] = []
  const cycles: string[][] = []
  const visit = (file: string): void => {
    const at = path.indexOf(file)

    if (at !== -1) {
      cycles.push([...path.slice(at), file])
      return
    }

    if (done.has(file)) {
      return
    }

    path.push(file)
    graph.get(file)?.forEach(visit)
    path.pop()
    done.add(file)
  }
  graph.forEach((_, file) => visit(file))

  return cycles
}

function lineOf (tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1
}
