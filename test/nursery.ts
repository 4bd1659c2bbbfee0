/**
 * How a process is started that is to do with little memory. V8's nursery grows to 128 MB where garbage comes quickly,
 * however little is in use, and is not given back; blocks are no part of it.
 */
export const NURSERY = ['--max-semi-space-size=8']
