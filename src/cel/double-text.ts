/** A double as Go's `%g` writes it: as few digits as say which, with an exponent below 1e-4 and from 1e6. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const [mantissa = "", exponentText = ""] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (value !== 0 && (exponent < -4 || exponent >= 6))
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${padded(exponent)}`;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** As Go's `%f`: halves, where they are exact, to the even digit. */
export function formatFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatDouble(value);
  const rounded = value.toFixed(digits);
  // 100 decimals say exactly whether it is a half
  const [whole = "", decimals = ""] = Math.abs(value).toFixed(100).split(".");
  if (Math.abs(value) >= 1e21 || !/^50*$/.test(decimals.slice(digits))) return rounded;
  const kept = whole + decimals.slice(0, digits);
  return /[02468]$/.test(kept)
    ? `${value < 0 ? "-" : ""}${whole}${digits === 0 ? "" : `.${decimals.slice(0, digits)}`}`
    : rounded;
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** As cel-go's `%e`, in the notation of the locale en_US. */
export function formatScientific(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatDouble(value);
  const [mantissa = "", exponentText = ""] = value.toExponential(digits).split("e");
  const raised = padded(Number(exponentText)).replace(/[0-9]/g, (digit) =>
    superscripts.charAt(Number(digit)),
  );
  return `${mantissa} × 10${exponentText.startsWith("-") ? "⁻" : ""}${raised}`;
}

function padded(exponent: number): string {
  return String(Math.abs(exponent)).padStart(2, "0");
}
