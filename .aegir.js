/** @type {import('aegir').PartialOptions} */
export default {
  build: {
    // the core with the erasure code that it loads on demand, minified and gzipped; the adapters are entries of their own.
    // The aim is 45 KB for the core alone, which has 67
    bundlesizeMax: '80KB'
  },
  dependencyCheck: {
    // examples import the package by its name
    ignore: ['codex-download']
  },
  docs: {
    publish: false
  }
}
