const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function formatBytes (bytes: number): string {
  let unit = 0

  while (bytes >= 1024 && unit < UNITS.length - 1) {
    bytes /= 1024
    unit++
  }

  return `${unit === 0 ? bytes.toFixed(0) : bytes.toFixed(1)} ${UNITS[unit]}`
}

/** A time as `0.4s`, `5s`, `3m 05s`, `2h 07m`; `?` where it is not known. */
export function formatMilliseconds (milliseconds: number | undefined): string {
  if (milliseconds == null || !Number.isFinite(milliseconds)) {
    return '?'
  }

  if (milliseconds < 10_000) {
    return `${(milliseconds / 1000).toFixed(1)}s`
  }

  const whole = Math.round(milliseconds / 1000)

  if (whole < 60) {
    return `${whole}s`
  }

  const pad = (part: number): string => String(part).padStart(2, '0')

  if (whole < 3600) {
    return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`
  }

  return `${Math.floor(whole / 3600)}h ${pad(Math.floor(whole % 3600 / 60))}m`
}
