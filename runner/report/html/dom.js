"use strict";

// How everything on the page is made. Whatever comes out of a run is a text node or an attribute's
// value and is never parsed as markup, so that a hostile output stays text.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * An element with its attributes and children.
 *
 * An attribute whose value is a function is a listener ("onclick"); null, undefined and false leave
 * the attribute out. Children are nodes, texts or lists of them; null, undefined and false are no
 * children.
 */
function element(name, attributes, ...children) {
    return furnish(document.createElement(name), attributes, children);
}

/** The same for the parts of a drawing. */
function drawing(name, attributes, ...children) {
    return furnish(document.createElementNS(SVG_NAMESPACE, name), attributes, children);
}

function furnish(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (value === null || value === undefined || value === false) continue;
        if (typeof value === "function") {
            node.addEventListener(name.slice(2), value);
        } else {
            node.setAttribute(name, value === true ? "" : String(value));
        }
    }
    const isSomething = (child) => child !== null && child !== undefined && child !== false;
    node.append(...children.flat(Infinity).filter(isSomething));
    return node;
}

/** A link only where the address is one of the web; else its text. */
function webLink(address) {
    if (!/^https?:\/\//i.test(address)) return address;
    return element("a", { href: address, rel: "noopener noreferrer" }, address);
}

/** A part of the page with its heading, which names it to a screen reader. */
function section(id, title, ...children) {
    const heading = element("h2", { id: `${id}-title` }, title);
    return element("section", { id, "aria-labelledby": heading.id }, heading, ...children);
}

/** A drop-down list: `options` are pairs of a value and its label. */
function choice(label, options, onChange) {
    const select = element(
        "select",
        { "aria-label": label, onchange: () => onChange(select.value) },
        options.map(([value, text]) => element("option", { value }, text)),
    );
    return element("label", { class: "field" }, element("span", {}, label), select);
}
