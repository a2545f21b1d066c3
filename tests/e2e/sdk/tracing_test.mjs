// @langfuse/tracing with @langfuse/otel 5.x: spans of every kind arrive as they were meant.
import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {
    propagateAttributes,
    setActiveTraceAsPublic,
    setActiveTraceIO,
    startActiveObservation,
    startObservation,
} from "@langfuse/tracing";

import {startServer, startTracing} from "./server.mjs";

let server;
let tracing;

before(async () => {
    server = await startServer();
    tracing = startTracing(server, {
        environment: "testing",
        release: "r7",
        mask: ({data}) => data.replaceAll("secret-word", "***"),
    });
});

after(async () => {
    await tracing?.stop();
    await server?.stop();
});

test("observations of all ten types, nested", async () => {
    const types = [
        "span",
        "generation",
        "event",
        "agent",
        "tool",
        "chain",
        "retriever",
        "evaluator",
        "guardrail",
        "embedding",
    ];
    let traceId;
    startActiveObservation("root", (root) => {
        traceId = root.traceId;
        for (const asType of types) {
            const child = startObservation(`a ${asType}`, {input: {asType}}, {asType});
            if (asType !== "event") child.update({output: [asType]}).end();
        }
    });
    await tracing.flush();
    const [trace, byName] = await server.traceOf(traceId);
    assert.equal(trace.name, "root");
    assert.equal(trace.environment, "testing");
    assert.equal(trace.release, "r7");
    assert.equal(trace.observations.length, 11);
    for (const asType of types) {
        const read = byName[`a ${asType}`];
        assert.equal(read.type, asType.toUpperCase());
        assert.equal(read.parentObservationId, byName.root.id);
        assert.equal(read.environment, "testing");
        assert.deepEqual(read.input, {asType});
        if (asType !== "event") assert.deepEqual(read.output, [asType]);
    }
});

test("a generation with model, usage, cost, metadata and times", async () => {
    const started = new Date("2026-01-02T03:04:05.000Z");
    const generation = startObservation(
        "answer",
        {
            model: "my-model",
            modelParameters: {temperature: 0.5, maxTokens: 100},
            input: [{role: "user", content: "the secret-word"}],
            metadata: {plan: "free", nested: {deep: true}},
            completionStartTime: new Date("2026-01-02T03:04:05.250Z"),
            version: "v3",
        },
        {asType: "generation", startTime: started},
    );
    generation
        .update({
            output: {role: "assistant", content: "42, secret-word"},
            usageDetails: {input: 10, output: 5, total: 15},
            costDetails: {input: 0.1, output: 0.2, total: 0.3},
            level: "WARNING",
            statusMessage: "slow",
        })
        .end(new Date("2026-01-02T03:04:07.000Z"));
    await tracing.flush();
    const [, byName] = await server.traceOf(generation.traceId);
    const read = byName.answer;
    assert.equal(read.id, generation.id);
    assert.equal(read.model, "my-model");
    assert.equal(read.version, "v3");
    assert.equal(read.level, "WARNING");
    assert.equal(read.statusMessage, "slow");
    assert.equal(read.startTime, "2026-01-02T03:04:05.000Z");
    assert.equal(read.endTime, "2026-01-02T03:04:07.000Z");
    assert.equal(read.completionStartTime, "2026-01-02T03:04:05.250Z");
    assert.equal(read.latency, 2);
    assert.equal(read.timeToFirstToken, 0.25);
    assert.deepEqual(read.input, [{role: "user", content: "the ***"}]);
    assert.deepEqual(read.output, {role: "assistant", content: "42, ***"});
    assert.deepEqual(read.usageDetails, {input: 10, output: 5, total: 15});
    assert.deepEqual(read.costDetails, {input: 0.1, output: 0.2, total: 0.3});
    assert.equal(read.calculatedTotalCost, 0.3);
    assert.equal(read.metadata.plan, "free");
    assert.deepEqual(read.metadata.nested, {deep: true});
    assert.equal(Number(read.modelParameters.temperature), 0.5);
});

test("what is propagated belongs to the trace, whichever span brings it", async () => {
    let traceId;
    startActiveObservation("outer", (outer) => {
        traceId = outer.traceId;
        propagateAttributes(
            {
                userId: "user-9",
                sessionId: "session-9",
                tags: ["x", "y"],
                version: "v9",
                traceName: "the trace",
                metadata: {tenant: "t1"},
            },
            () => {
                startActiveObservation("inner", () => {
                    setActiveTraceIO({input: {asked: 1}, output: "told"});
                    setActiveTraceAsPublic();
                });
            },
        );
    });
    await tracing.flush();
    const [trace, byName] = await server.traceOf(traceId);
    assert.equal(trace.name, "the trace");
    assert.equal(trace.userId, "user-9");
    assert.equal(trace.sessionId, "session-9");
    assert.deepEqual(trace.tags, ["x", "y"]);
    assert.equal(trace.public, true);
    assert.deepEqual(trace.input, {asked: 1});
    assert.equal(trace.output, "told");
    assert.equal(trace.metadata.tenant, "t1");
    assert.equal(byName.inner.parentObservationId, byName.outer.id);
    const session = await server.get("/api/public/sessions/session-9");
    assert.deepEqual(
        session.traces.map((t) => t.id),
        [traceId],
    );
});

test("an error thrown in a span is an observation of level ERROR", async () => {
    let traceId;
    assert.throws(() =>
        startActiveObservation("fails", (span) => {
            traceId = span.traceId;
            throw new Error("broken");
        }),
    );
    await tracing.flush();
    const [, byName] = await server.traceOf(traceId);
    assert.equal(byName.fails.level, "ERROR");
    assert.match(byName.fails.statusMessage, /broken/);
});

test("version 2 of observations gives the groups that were asked for", async () => {
    const page = await server.get(
        "/api/public/v2/observations?type=GENERATION&fields=core,basic,io,usage,model,metrics",
    );
    const read = page.data.find((o) => o.name === "answer");
    assert.equal(read.latency, 2);
    assert.equal(read.output, JSON.stringify({role: "assistant", content: "42, ***"}));
    assert.equal(read.model, "my-model");
    assert.equal(read.metadata, undefined);
});

test("a picture that cannot be stored leaves its reference", async () => {
    const input = {picture: "data:image/png;base64,iVBORw0KGgo=", text: "what is it?"};
    const shown = startObservation("shown", {input});
    shown.end();
    await tracing.flush();
    const [, byName] = await server.traceOf(shown.traceId);
    const reference = /^@@@langfuseMedia:type=image\/png\|id=[\w-]{22}\|source=base64_data_uri@@@$/;
    assert.match(byName.shown.input.picture, reference);
    assert.equal(byName.shown.input.text, "what is it?");
});
