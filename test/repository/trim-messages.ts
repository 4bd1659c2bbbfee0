/**
 * Takes out of what protons generates what nothing uses: decoding as a stream of fields, which is as much code as the
 * rest. Run by `npm run generate`; trimming twice changes nothing.
 */
import { readFile, writeFile } from 'node:fs/promises'
import ts from 'typescript'

const STREAM = 'function * () {}'

interface Edit {
  start: number
  end: number
  text: string
}

export function trimMessages (source: string): string {
  const tree = ts.createSourceFile('message.ts', source, ts.ScriptTarget.Latest, true)
  const edits: Edit[] = []
  const replace = (node: ts.Node, text: string): void => { edits.push({ start: node.getStart(tree), end: node.end, text }) }
  const remove = (node: ts.Node): void => { edits.push({ start: node.getFullStart(), end: node.end, text: '' }) }
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText(tree) === 'message' && node.arguments.length === 3) {
      replace(node.arguments[2], STREAM)
    } else if (ts.isFunctionDeclaration(node) && node.name?.text === 'stream') {
      remove(node)
    } else if (ts.isInterfaceDeclaration(node) && node.name.text.endsWith('FieldEvent')) {
      remove(node)
    } else if (ts.isImportSpecifier(node) && node.name.text === 'streamMessage') {
      edits.push({ start: node.getFullStart() - 1, end: node.end, text: '' })
    } else {
      ts.forEachChild(node, visit)
    }
  }
  visit(tree)

  return edits.sort((a, b) => b.start - a.start).reduce((text, { start, end, text: by }) => text.slice(0, start) + by + text.slice(end), source)
}

for (const file of process.argv.slice(2)) {
  await writeFile(file, trimMessages(await readFile(file, 'utf8')))
}
