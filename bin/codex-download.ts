#!/usr/bin/env node
// Loads nothing before it knows that this Node can run it. 10 is `EXIT.oldNode` of exit-codes.ts.
if (Number.parseInt(process.versions.node, 10) < 22) {
  process.stderr.write(`codex-download needs Node 22 or newer, this is ${process.versions.node}\n`)
  process.exitCode = 10
} else {
  const { main } = await import('./main.ts')
  const code = await main(process.argv)

  if (code > 128) {
    // ended by a signal: nobody may be reading what is not written yet
    process.exit(code)
  }

  process.exitCode = code
}
