/**
 * The parts of the README that are written in the sources already: tables of options, limits, errors, events, metrics and
 * exit codes, and the examples. Each stands between `<!-- begin <what> -->` and `<!-- end -->`.
 */
import { readFile } from 'node:fs/promises'
import ts from 'typescript'
import { EXIT, EXIT_MEANING } from '../../bin/exit-codes.ts'
import { formatBytes } from '../../bin/format.ts'
import { DEFAULT_LIMITS } from '../../src/constants.ts'
import { COUNTERS, EVENTS, GAUGES, HISTOGRAMS } from '../../src/metrics.ts'

/** A named thing of a source file and what its documentation says. */
interface Entry {
  name: string
  type: string
  text: string
}

/** Reads a file of the repository. */
type Read = (file: string) => Promise<string>

/** The README as it should be. `root` is the repository's. */
export async function renderReadme (readme: string, root: URL): Promise<string> {
  const read: Read = async file => readFile(new URL(file, root), 'utf8')
  const parts = readme.split(/(<!-- begin (?:.+?) -->\n)[^]*?(<!-- end -->)/)

  for (const [index, part] of parts.entries()) {
    const [, what, argument] = /^<!-- begin (\S+)(?: (\S+))? -->\n$/.exec(part) ?? []

    if (what != null) {
      parts[index] = `${part}\n${await renderPart(what, argument, read)}\n\n`
    }
  }

  return parts.join('')
}

async function renderPart (what: string, argument: string, read: Read): Promise<string> {
  switch (what) {
    case 'example':
      return exampleOf(await read(`examples/${argument}.ts`))
    case 'limits':
      return table(['limit', 'default', 'what it bounds'], membersOf(await read('src/constants.ts'), 'Limits').map(({ name, text }) =>
        [`\`${name}\``, formatLimit(name), text]))
    case 'errors':
      return table(['error', 'when'], classesOf(await read('src/errors.ts')).map(({ name, text }) => [`\`${name}\``, text]))
    case 'events':
      return table(['event', 'when'], membersOf(await read('src/events.ts'), 'CodexEvents').map(({ name, text }) => [`\`${name}\``, text]))
    case 'metrics':
      return table(['metric', 'kind', 'in `stats()`', 'what it is'], [
        ...COUNTERS.map(metric => ['counter', metric] as const),
        ...GAUGES.map(metric => ['gauge', metric] as const)
      ].map(([kind, metric]) => {
        const figures = 'label' in metric ? figuresOf(metric.values) : figuresOf(metric.value)

        return [`\`${metric.name}${'label' in metric ? `{${metric.label}}` : ''}\``, kind, figures, metric.help]
      }).concat(
        HISTOGRAMS.map(({ name, help, figure }) => [`\`${name}\``, 'histogram', `\`${figure}\``, help]),
        [[`\`${EVENTS.name}{${EVENTS.label}}\``, 'counter', '', EVENTS.help]]
      ))
    case 'exit-codes':
      return table(['code', 'meaning'], Object.entries(EXIT_MEANING).map(([key, text]) => [String(EXIT[key as keyof typeof EXIT]), text]))
    case 'options': {
      const [file, name] = argument.split('#')
      return table(['option', 'type', 'what it is'], membersOf(await read(file), name).map(({ name, type, text }) => [`\`${name}\``, `\`${type}\``, text]))
    }
    default:
      throw new Error(`the README wants a ${what}, which is not known`)
  }
}

/** What stands between `// <readme>` and `// </readme>`, piece by piece. */
function exampleOf (source: string): string {
  const pieces = [...source.matchAll(/^\/\/ <readme>\n([^]*?)^\/\/ <\/readme>$/gm)].map(([, code]) => code)
  const imports = pieces.filter(code => code.startsWith('import ')).join('')
  const rest = pieces.filter(code => !code.startsWith('import ')).join('\n')

  return `\`\`\`ts\n${imports}\n${rest}\`\`\``
}

/** The figures that a metric is made of, as what it reads of them tells. */
function figuresOf (read: (figures: never) => unknown): string {
  const names = new Set<string>()
  const part = (name: string): object => new Proxy({}, {
    get (_, key) {
      // it is made a number
      if (typeof key === 'symbol') {
        return () => 0
      }

      const path = name === '' ? key : `${name}.${key}`
      names.delete(name)
      names.add(path)

      return part(path)
    }
  })
  read(part('') as never)

  return [...names].map(name => `\`${name}\``).join(', ')
}

/** The members that an interface adds to those that it extends. */
function membersOf (source: string, name: string): Entry[] {
  const tree = parse(source)
  const found = tree.statements.filter(ts.isInterfaceDeclaration).find(node => node.name.text === name)

  if (found == null) {
    throw new Error(`there is no interface ${name}`)
  }

  const parents = found.heritageClauses?.flatMap(clause => clause.types.map(type => type.getText(tree))) ?? []
  const inherited = parents.includes('AbortOptions') ? [{ name: 'signal', type: 'AbortSignal', text: 'Ends it when it aborts.' }] : []

  return [...found.members.filter(ts.isPropertySignature).map(entryOf), ...inherited]

  function entryOf (member: ts.PropertySignature): Entry {
    const type = member.type?.getText(tree).replace(/\s+/g, ' ').replaceAll('|', '\\|') ?? ''

    return { name: nameOf(member.name), type, text: documentationOf(member) }
  }
}

function classesOf (source: string): Entry[] {
  return parse(source).statements
    .filter(ts.isClassDeclaration)
    .map(node => ({ name: nameOf(node.name), type: 'class', text: documentationOf(node) }))
}

function parse (source: string): ts.SourceFile {
  return ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true)
}

function nameOf (node?: ts.PropertyName | ts.Identifier): string {
  return node != null && (ts.isIdentifier(node) || ts.isStringLiteral(node)) ? node.text : ''
}

function documentationOf (node: ts.Node): string {
  const [documentation] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc)
  const text = ts.getTextOfJSDocComment(documentation?.comment) ?? ''
  const standard = documentation?.tags?.find(tag => tag.tagName.text === 'default')
  const preset = ts.getTextOfJSDocComment(standard?.comment)

  return `${text}${preset == null ? '' : ` Default \`${preset}\`.`}`.replace(/\s+/g, ' ').replaceAll('|', '\\|').trim()
}

function formatLimit (name: string): string {
  const value = DEFAULT_LIMITS[name as keyof typeof DEFAULT_LIMITS]

  if (/Bytes$/.test(name)) {
    return formatBytes(value).replace('.0 ', ' ')
  }

  if (/Timeout$|Interval|Time$/.test(name)) {
    return `${value / 1000} s`
  }

  return value.toLocaleString('en')
}

function table (head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
