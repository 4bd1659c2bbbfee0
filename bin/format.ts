const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

export function formatBytes (bytes: number): string {
  let unit = 0

  while (bytes >= 1024 && unit < UNITS.length - 1) {
    bytes /= 1024
    unit++
  }

  return `${unit === 0 ? bytes.toFixed(0) : bytes.toFixed(1)} ${UNITS[unit]}`
}

/** Seconds as `5s`, `3m 05s`, `2h 07m`; `?` where they are not known. */
export function formatSeconds (seconds: number | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) {
    return '?'
  }

  const whole = Math.ceil(seconds)

  if (whole < 60) {
    return `${whole}s`
  }

  const pad = (part: number): string => String(part).padStart(2, '0')

  if (whole < 3600) {
    return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`
  }

  return `${Math.floor(whole / 3600)}h ${pad(Math.floor(whole % 3600 / 60))}m`
}
