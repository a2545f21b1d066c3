// What the tests look for in a page.

/** The lines of a forest plot without its axes. */
export const forestRows = (page, id) => page.locator(`#${id} .forest tbody tr:not(.axis-row)`);

/** The texts in drawings that stand beside axes and bars, and no name of somebody's own. */
export const tickTexts = (page) => page.locator("svg.chart text:not(.name, .axis-title)");

export const control = (page, label) =>
    page.locator(".controls").getByLabel(label, { exact: true });

/** Runs in the page: the least contrast between the number and the ground of a matrix's cell. */
export function weakestContrast() {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const luminance = (colour) => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((byte) =>
            byte > 10 ? ((byte / 255 + 0.055) / 1.055) ** 2.4 : byte / 3295,
        );
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    const contrasts = [...document.querySelectorAll(".confusion td")].map((cell) => {
        const { color, backgroundColor } = getComputedStyle(cell);
        const [a, b] = [luminance(color), luminance(backgroundColor)];
        return Math.max(a, b) / Math.min(a, b);
    });
    return Math.min(...contrasts);
}
