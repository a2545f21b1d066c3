// How numbers, times and values look to people: as in the table that `assay run` prints, without
// the zeros at the end of a number.

/** About four digits; very large and very small values as 1.23e+12. */
function formatNumber(value) {
    if (value === null || value === undefined) return "–";
    const size = Math.abs(value);
    if (size >= 1e12 || (size > 0 && size < 1e-4)) return value.toExponential(2);
    return withSeparators(value, 0, decimalsOf(size));
}

function decimalsOf(size) {
    if (size < 10) return 4;
    return size < 100 ? 3 : size < 1000 ? 2 : 1;
}

/** The same beside a threshold: with the decimals that keep it on its side. */
function formatBeside(value, threshold) {
    const size = Math.abs(value);
    if (size >= 1e12 || (size > 0 && size < 1e-4)) return formatNumber(value);
    return withSeparators(value, 0, decimalsBeside([value], threshold, decimalsOf(size)));
}

function withSeparators(value, decimalsMin, decimalsMax) {
    return value.toLocaleString("en-US", {
        minimumFractionDigits: decimalsMin,
        maximumFractionDigits: decimalsMax,
    });
}

/** Digits as they are printed, with "−" in front of a negative number. */
function withMinus(digits) {
    return digits.startsWith("-") ? `−${digits.slice(1)}` : digits;
}

/** "+0.031", "−0.0305", "0". */
function formatDifference(value) {
    const digits = withMinus(formatNumber(value));
    return value > 0 ? `+${digits}` : digits;
}

/**
 * "[0.31, 0.86]": so many digits of the interval's width. Beside a threshold (`against`) more of
 * them where an end would else seem to lie on its other side.
 */
function formatInterval({ low, high }, digits = 2, against = null) {
    const width = high - low;
    const wanted = width > 0 ? digits - 1 - Math.floor(Math.log10(width)) : 4;
    const least = Math.min(Math.max(wanted, 0), 9);
    const decimals = against === null ? least : decimalsBeside([low, high], against, least);
    const format = width > 0 ? (end) => formatDecimals(end, decimals) : formatNumber;
    const [from, to] = [low, high].map((end) => withMinus(format(end)));
    return `[${from}, ${to}]`;
}

/** How many decimals keep each value on its side of a threshold: `least` if none up to 12 does. */
function decimalsBeside(values, threshold, least) {
    const keepsSide = (value, decimals) =>
        Math.sign(Number(value.toFixed(decimals)) - threshold) === Math.sign(value - threshold);
    for (let decimals = least; decimals <= 12; ++decimals) {
        if (values.every((value) => keepsSide(value, decimals))) return decimals;
    }
    return least;
}

/** What rounds to zero is zero, without a sign; numbers too large for decimals as 1.23e+12. */
function formatDecimals(value, decimals) {
    if (Math.abs(value) >= 1e12) return value.toExponential(2);
    if (Math.abs(value) < 10 ** -decimals / 2) return withSeparators(0, decimals, decimals);
    return withSeparators(value, decimals, decimals);
}

/** "95 % Wilson": how an interval was made. */
function formatMethod({ confidence, method }) {
    return `${withSeparators(confidence * 100, 0, 2)} % ${method}`;
}

function formatP(p) {
    return p < 1e-4 ? "< 0.0001" : String(Number(p.toPrecision(2)));
}

/** "= 0.031", "< 0.0001". */
function equalsP(p) {
    return p < 1e-4 ? formatP(p) : `= ${formatP(p)}`;
}

function formatCount(count) {
    return withSeparators(count, 0, 0);
}

/** "1 unit", "2 units". */
function formatSome(count, noun) {
    return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Nothing may be rounded up to 100 % or down to 0 %. */
function formatShare(share) {
    if (share > 0 && share < 0.001) return "< 0.1 %";
    if (share < 1 && share > 0.999) return "> 99.9 %";
    return `${withSeparators(share * 100, 0, 1)} %`;
}

function formatCost(usd) {
    if (usd === null || usd === undefined) return "unknown";
    if (usd === 0) return "$0";
    if (Math.abs(usd) < 0.0001) return `$${usd.toPrecision(2)}`;
    const decimals = Math.abs(usd) < 10 ? 4 : 2;
    return `$${withSeparators(usd, decimals, decimals)}`;
}

function formatMs(milliseconds) {
    if (milliseconds === null || milliseconds === undefined) return "–";
    if (milliseconds < 10) return `${milliseconds.toFixed(2)} ms`;
    if (milliseconds < 10_000) return `${milliseconds.toFixed(0)} ms`;
    if (milliseconds < 600_000) return `${(milliseconds / 1000).toFixed(1)} s`;
    return `${(milliseconds / 60_000).toFixed(1)} min`;
}

function formatDuration(milliseconds) {
    const seconds = Math.round(milliseconds / 1000);
    if (milliseconds < 1000) return `${milliseconds} ms`;
    if (seconds < 60) return `${(milliseconds / 1000).toFixed(1)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** "2026-11-01 09:30:00 UTC" from RFC 3339. */
function formatTime(text) {
    return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
}

function formatBytes(bytes) {
    if (bytes < 1024) return formatSome(bytes, "byte");
    if (bytes < 1024 * 1024) return `${formatNumber(Math.round(bytes / 102.4) / 10)} KiB`;
    return `${formatNumber(Math.round(bytes / 104857.6) / 10)} MiB`;
}

/** A score's value: true and false as they are, numbers shortened, categories as they are. */
function formatScore(value) {
    if (value === undefined || value === null) return "–";
    return typeof value === "number" ? formatNumber(value) : String(value);
}

/** A value as one text: strings as they are, anything else as compact JSON, nothing as "". */
function asText(value) {
    if (value === null || value === undefined) return "";
    return typeof value === "string" ? value : JSON.stringify(value);
}

/** The same for reading: JSON is indented. */
function asReadableText(value) {
    return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** A value in one short line: of an object or a chat the texts matter more than the brackets. */
function asPreview(value, length) {
    const parts = typeof value === "object" ? namedParts(value) : null;
    const text = parts
        ? parts.map(([name, part]) => `${name}: ${asText(part)}`).join(" · ")
        : asText(value);
    return clip(text.slice(0, 2 * length), length);
}

/** Cut to so many characters, with "…" at the end. */
function clip(text, length) {
    const characters = [...text];
    return characters.length > length ? `${characters.slice(0, length - 1).join("")}…` : text;
}

/** A member of an object by a name from outside, which may be "constructor". */
function memberOf(object, name) {
    return isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Whether it has keys. */
function isObject(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value that is an object or a chat as pairs of a name and what it stands for; else null. */
function namedParts(value) {
    const isMessage = (part) =>
        isObject(part) && typeof part.role === "string" && "content" in part;
    if (Array.isArray(value) && value.length > 0 && value.every(isMessage)) {
        return value.map(({ role, content }) => [role, content]);
    }
    return isObject(value) && Object.keys(value).length > 0 ? Object.entries(value) : null;
}
