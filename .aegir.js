/** @type {import('aegir').PartialOptions} */
export default {
  build: { bundlesizeMax: '45KB' },
  test: { files: [] }
}
