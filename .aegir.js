import path from 'node:path'

/** What a host loads when it imports the package. */
const CORE = 'dist/src/index.js'

/** What the core loads when it is needed: gzipped, at most, of what is not in the core. */
const ON_DEMAND = {
  'erasure/leopard/index': '6KB',
  'erasure/leopard/relaxed-wasm': '4KB',
  'erasure/leopard/simd-wasm': '4KB',
  'exchange/server': '3KB',
  metrics: '3KB',
  prefetch: '4KB',
  'protected-retrieval': '4KB',
  repair: '4KB',
  'stores/changing': '7KB',
  'stores/in-memory': '2KB',
  storing: '3KB'
}

/**
 * Makes one file of all that the core imports, and of each thing that is loaded on demand one with what it has besides.
 * esbuild's own splitting would cut the core into as many pieces as there are sets of users.
 */
const onDemand = {
  name: 'on-demand',
  setup (build) {
    const core = new Set()
    const { entryPoints } = build.initialOptions
    const resolved = { resolved: true }

    build.onStart(async () => {
      const { metafile } = await build.esbuild.build({ ...build.initialOptions, entryPoints: [CORE], metafile: true, write: false, plugins: [dynamicIsExternal] })
      Object.keys(metafile.inputs).forEach(file => core.add(path.resolve(file)))
    })

    build.onResolve({ filter: /.*/ }, async ({ path: specifier, pluginData, ...from }) => {
      if (pluginData === resolved || from.kind === 'entry-point') {
        return undefined
      }

      const found = await build.resolve(specifier, { ...from, pluginData: resolved })

      if (from.kind === 'dynamic-import' && !entryPoints.includes(path.relative('.', found.path))) {
        return { errors: [{ text: `${specifier} is loaded on demand and has no budget in .aegir.js` }] }
      }

      return from.kind === 'dynamic-import' || (core.has(found.path) && !core.has(from.importer)) ? { path: found.path, external: true } : found
    })
  }
}

const dynamicIsExternal = {
  name: 'dynamic-is-external',
  setup (build) {
    build.onResolve({ filter: /.*/ }, ({ kind, path }) => kind === 'dynamic-import' ? { path, external: true } : undefined)
  }
}

/** @type {import('aegir').PartialOptions} */
export default {
  build: {
    bundlesizeMax: {
      // the aim is 45 KB; this holds it where it is
      'dist/bundle/index.js': '58KB',
      ...Object.fromEntries(Object.entries(ON_DEMAND).map(([name, max]) => [`dist/bundle/${name}.js`, max]))
    },
    config: {
      entryPoints: [CORE, ...Object.keys(ON_DEMAND).map(name => `dist/src/${name}.js`)],
      outdir: 'dist/bundle',
      format: 'esm',
      plugins: [onDemand],
      banner: { js: '' },
      footer: { js: '' }
    }
  },
  dependencyCheck: {
    // examples import the package by its name, and what a host has for its metrics
    ignore: ['codex-download', '@libp2p/prometheus-metrics', 'prom-client']
  },
  docs: {
    publish: false
  }
}
