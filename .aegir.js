/** @type {import('aegir').PartialOptions} */
export default {
  build: {
    // the core alone, minified and gzipped; the adapters are entries of their own
    bundlesizeMax: '45KB'
  },
  dependencyCheck: {
    // examples import the package by its name
    ignore: ['codex-download']
  },
  docs: {
    publish: false
  }
}
