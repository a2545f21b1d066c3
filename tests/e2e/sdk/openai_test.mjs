// @langfuse/openai 5.x around the openai package, which talks to a stub of the model's API.
import assert from "node:assert/strict";
import {createServer} from "node:http";
import {after, before, test} from "node:test";

import {observeOpenAI} from "@langfuse/openai";
import {startActiveObservation} from "@langfuse/tracing";
import {OpenAI} from "openai";

import {startServer, startTracing} from "./server.mjs";

const model = "gpt-4o-mini-2024-07-18";
const messages = [{role: "user", content: "6 x 7?"}];
const usage = {
    prompt_tokens: 12,
    completion_tokens: 7,
    total_tokens: 19,
    prompt_tokens_details: {cached_tokens: 4},
    completion_tokens_details: {reasoning_tokens: 2},
};
// The details are parts of the sums, so what is left of these is without them.
const usageDetails = {
    input: 8,
    output: 5,
    total: 19,
    input_cached_tokens: 4,
    output_reasoning_tokens: 2,
};
const tool = {type: "function", function: {name: "multiply", parameters: {type: "object"}}};
const toolCall = {
    id: "call_1",
    type: "function",
    function: {name: "multiply", arguments: '{"a":6,"b":7}'},
};

let server;
let tracing;
let stub;
let openai;

function completion(message) {
    return {
        id: "chatcmpl-1",
        object: "chat.completion",
        created: 1767323045,
        model,
        choices: [{index: 0, message, finish_reason: "stop"}],
        usage,
    };
}

function chunk(choices, rest = {}) {
    const start = {id: "chatcmpl-2", object: "chat.completion.chunk", created: 1767323045, model};
    return {...start, choices, ...rest};
}

function streamed(request) {
    const deltas = request.tools
        ? [
              {tool_calls: [{index: 0, ...toolCall, function: {name: "multiply", arguments: ""}}]},
              {tool_calls: [{index: 0, function: {arguments: '{"a":6,'}}]},
              {tool_calls: [{index: 0, function: {arguments: '"b":7}'}}]},
          ]
        : [{role: "assistant", content: "It is "}, {content: "42"}, {}];
    const chunks = deltas.map((delta) => chunk([{index: 0, delta, finish_reason: null}]));
    return [...chunks, chunk([], {usage})];
}

/** What the stub answers to a request: [status, JSON], or [200, chunks] for a stream. */
function answerTo(url, request) {
    if (url === "/v1/embeddings") {
        const data = [{object: "embedding", index: 0, embedding: [0.5, -0.5]}];
        return [
            200,
            {
                object: "list",
                model: request.model,
                data,
                usage: {prompt_tokens: 3, total_tokens: 3},
            },
        ];
    }
    if (url === "/v1/responses") {
        const content = [{type: "output_text", text: "It is 42", annotations: []}];
        const output = [
            {id: "msg_1", type: "message", role: "assistant", status: "completed", content},
        ];
        return [
            200,
            {
                id: "resp_1",
                object: "response",
                status: "completed",
                model,
                temperature: 0.25,
                output,
                usage: {
                    input_tokens: 10,
                    output_tokens: 6,
                    total_tokens: 16,
                    input_tokens_details: {cached_tokens: 4},
                    output_tokens_details: {reasoning_tokens: 1},
                },
            },
        ];
    }
    if (request.model === "no-such-model") {
        return [404, {error: {message: "no such model", type: "invalid_request_error"}}];
    }
    if (request.stream) return [200, streamed(request)];
    const message = {role: "assistant", content: "42", refusal: null};
    return [
        200,
        completion(request.tools ? {...message, content: null, tool_calls: [toolCall]} : message),
    ];
}

before(async () => {
    server = await startServer();
    tracing = startTracing(server);
    stub = createServer(async (request, response) => {
        let body = "";
        for await (const part of request) body += part;
        const [status, answer] = answerTo(request.url, JSON.parse(body));
        const events = Array.isArray(answer);
        response.writeHead(status, {
            "content-type": events ? "text/event-stream" : "application/json",
        });
        if (!events) return response.end(JSON.stringify(answer));
        for (const event of answer) response.write(`data: ${JSON.stringify(event)}\n\n`);
        response.end("data: [DONE]\n\n");
    });
    await new Promise((resolve) => stub.listen(0, "127.0.0.1", resolve));
    openai = new OpenAI({
        apiKey: "none",
        baseURL: `http://127.0.0.1:${stub.address().port}/v1`,
        maxRetries: 0,
    });
});

after(async () => {
    await tracing?.stop();
    await new Promise((resolve) => stub?.close(resolve));
    await server?.stop();
});

/** Runs `work` inside a span of its own and reads the trace back. */
async function traced(work) {
    const traceId = await startActiveObservation("root", async (root) => {
        await work();
        return root.traceId;
    });
    await tracing.flush();
    return server.traceOf(traceId);
}

test("a chat completion is a generation with usage, cost and the trace's attributes", async () => {
    const observed = observeOpenAI(openai, {
        generationName: "multiply",
        traceName: "calculator",
        userId: "user-1",
        sessionId: "session-1",
        tags: ["maths"],
        generationMetadata: {plan: "free"},
    });
    const [trace, byName] = await traced(async () => {
        const answer = await observed.chat.completions.create({
            model,
            messages,
            temperature: 0.25,
            max_tokens: 20,
        });
        assert.equal(answer.choices[0].message.content, "42");
    });
    assert.equal(trace.name, "calculator");
    assert.equal(trace.userId, "user-1");
    assert.equal(trace.sessionId, "session-1");
    assert.deepEqual(trace.tags, ["maths"]);
    const read = byName.multiply;
    assert.equal(read.type, "GENERATION");
    assert.equal(read.parentObservationId, byName.root.id);
    assert.equal(read.level, "DEFAULT");
    assert.equal(read.model, model);
    assert.deepEqual(read.modelParameters, {
        temperature: 0.25,
        max_tokens: 20,
        response_format: "",
    });
    assert.deepEqual(read.input, {messages});
    assert.deepEqual(read.output, {role: "assistant", content: "42", refusal: null});
    assert.equal(read.metadata.plan, "free");
    assert.deepEqual(read.usageDetails, usageDetails);
    assert.deepEqual(read.usage, {unit: "TOKENS", input: 12, output: 7, total: 19});
    assert.deepEqual([read.promptTokens, read.completionTokens, read.totalTokens], [12, 7, 19]);
    // In dollars per million: 0.15 fresh, 0.075 cached, 0.6 written.
    assert.deepEqual(read.costDetails, {
        input: 0.0000012,
        input_cached_tokens: 0.0000003,
        output: 0.000003,
        output_reasoning_tokens: 0.0000012,
        total: 0.0000057,
    });
    assert.equal(read.calculatedInputCost, 0.0000015);
    assert.equal(read.calculatedOutputCost, 0.0000042);
    assert.equal(read.calculatedTotalCost, 0.0000057);
    assert.equal(trace.totalCost, 0.0000057);
});

test("a streamed completion is put together, with the time of its first token", async () => {
    const [, byName] = await traced(async () => {
        const stream = await observeOpenAI(openai).chat.completions.create({
            model,
            messages,
            stream: true,
            stream_options: {include_usage: true},
        });
        let text = "";
        for await (const part of stream) text += part.choices[0]?.delta?.content ?? "";
        assert.equal(text, "It is 42");
    });
    const read = byName["OpenAI.chat"];
    assert.equal(read.type, "GENERATION");
    assert.equal(read.output, "It is 42");
    assert.equal(read.model, model);
    assert.deepEqual(read.modelParameters, {stream: true, response_format: ""});
    assert.deepEqual(read.usageDetails, usageDetails);
    assert.equal(read.calculatedTotalCost, 0.0000057);
    assert.ok(read.startTime <= read.completionStartTime);
    const wait = (Date.parse(read.completionStartTime) - Date.parse(read.startTime)) / 1000;
    assert.equal(read.timeToFirstToken, wait);
});

test("calls of tools, whole and streamed", async () => {
    const request = {model, messages, tools: [tool], tool_choice: "auto"};
    const [trace] = await traced(async () => {
        const observed = observeOpenAI(openai);
        await observed.chat.completions.create(request);
        const stream = await observed.chat.completions.create({...request, stream: true});
        for await (const part of stream) assert.equal(part.object, "chat.completion.chunk");
    });
    const generations = trace.observations.filter((o) => o.type === "GENERATION");
    const whole = generations.find((o) => o.output.role === "assistant");
    const joined = generations.find((o) => o !== whole);
    for (const read of [whole, joined]) {
        assert.deepEqual(read.input, {messages, tools: [tool], tool_choice: "auto"});
        assert.deepEqual(read.usageDetails, usageDetails);
    }
    const message = {role: "assistant", content: null, refusal: null, tool_calls: [toolCall]};
    assert.deepEqual(whole.output, message);
    assert.deepEqual(joined.output, {tool_calls: [{function: toolCall.function}]});
    assert.equal(trace.totalCost, 0.0000114);
});

test("the Responses API and embeddings", async () => {
    const [trace, byName] = await traced(async () => {
        const observed = observeOpenAI(openai);
        const answer = await observed.responses.create({model, input: "6 x 7?"});
        assert.equal(answer.output_text, "It is 42");
        await observed.embeddings.create({model: "text-embedding-3-small", input: "words"});
    });
    assert.equal(trace.observations.length, 3);
    const read = byName["OpenAI.responses"];
    assert.equal(read.input, "6 x 7?");
    assert.equal(read.output, "It is 42");
    assert.equal(read.modelParameters.temperature, 0.25);
    assert.deepEqual(read.usageDetails, {
        input: 6,
        output: 5,
        total: 16,
        input_cached_tokens: 4,
        output_reasoning_tokens: 1,
    });
    assert.equal(read.metadata.status, "completed");
    assert.equal(byName["OpenAI.embeddings"].model, "text-embedding-3-small");
    assert.equal(byName["OpenAI.embeddings"].input, "words");
});

test("a refused call is a generation of level ERROR that costs nothing", async () => {
    const [trace, byName] = await traced(() =>
        assert.rejects(
            observeOpenAI(openai).chat.completions.create({model: "no-such-model", messages}),
            {status: 404},
        ),
    );
    const read = byName["OpenAI.chat"];
    assert.equal(read.level, "ERROR");
    assert.equal(read.statusMessage, "Error: 404 no such model");
    assert.equal(read.output, null);
    assert.deepEqual(read.costDetails, {input: 0, output: 0, total: 0});
    assert.equal(trace.totalCost, 0);
});
