/** The law's calendar and the clock on the wall: Asia/Ho_Chi_Minh is UTC+07:00 all year, without daylight saving since 1975. */

const OFFSET_MS = 7 * 60 * 60 * 1000;

export interface VnDateTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** The Vietnamese wall clock at an instant. */
export function vnParts(instant: Date): VnDateTime {
  const shifted = new Date(instant.getTime() + OFFSET_MS);
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth() + 1,
    day: shifted.getUTCDate(),
    hour: shifted.getUTCHours(),
    minute: shifted.getUTCMinutes(),
    second: shifted.getUTCSeconds(),
  };
}

/** The instant at which a Vietnamese year begins (`YYYY-01-01T00:00:00+07:00`). */
export function startOfVnYear(year: number): Date {
  return new Date(Date.UTC(year, 0, 1) - OFFSET_MS);
}

/** `27/11/2026`. */
export function vnDate(instant: Date): string {
  const { year, month, day } = vnParts(instant);
  return `${two(day)}/${two(month)}/${year}`;
}

/** `27/11/2026 08:05:09 +07:00`, as printed on signature stamps. */
export function vnDateTime(instant: Date): string {
  const { hour, minute, second } = vnParts(instant);
  return `${vnDate(instant)} ${two(hour)}:${two(minute)}:${two(second)} +07:00`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
