// @langfuse/langchain 5.x: what a chain of LangChain with models that are stubs leaves behind.
import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {AIMessage, AIMessageChunk} from "@langchain/core/messages";
import {StringOutputParser} from "@langchain/core/output_parsers";
import {ChatPromptTemplate} from "@langchain/core/prompts";
import {RunnableLambda} from "@langchain/core/runnables";
import {tool} from "@langchain/core/tools";
import {
    FakeListChatModel,
    FakeRetriever,
    FakeStreamingChatModel,
} from "@langchain/core/utils/testing";
import {LangfuseClient} from "@langfuse/client";
import {CallbackHandler} from "@langfuse/langchain";
import {z} from "zod";

import {publicKey, secretKey, startServer, startTracing} from "./server.mjs";

let server;
let tracing;

before(async () => {
    server = await startServer();
    tracing = startTracing(server);
});

after(async () => {
    await tracing?.stop();
    await server?.stop();
});

/** Reads back the trace that a handler saw last. */
async function readBack(handler) {
    await tracing.flush();
    return server.traceOf(handler.last_trace_id);
}

/** A model that answers with a message of our making, as one that counts its tokens does. */
class CountingModel extends FakeListChatModel {
    _identifyingParams() {
        return this.invocationParams();
    }
    invocationParams() {
        return {model: "counting-1", temperature: 0.25, max_tokens: 20};
    }
    _formatGeneration(text) {
        const message = new AIMessage({
            content: text,
            response_metadata: {model_name: "counting-1-2026"},
            usage_metadata: {
                input_tokens: 12,
                output_tokens: 7,
                total_tokens: 19,
                input_token_details: {cache_read: 4},
                output_token_details: {reasoning: 2},
            },
        });
        return {message, text};
    }
}

const question = ChatPromptTemplate.fromMessages([
    ["system", "You are {role}"],
    ["human", "{question}"],
]);

test("a chain is a tree of spans with its generation inside", async () => {
    const handler = new CallbackHandler({
        userId: "user-1",
        sessionId: "session-1",
        tags: ["maths"],
        version: "v1",
        traceMetadata: {plan: "free", nested: {deep: true}},
    });
    const model = new CountingModel({responses: ["It is 42"]});
    const chain = question.pipe(model).pipe(new StringOutputParser());
    const input = {role: "a calculator", question: "6 x 7?"};
    const answer = await chain.invoke(input, {
        callbacks: [handler],
        runName: "calculator",
        tags: ["beta"],
        metadata: {tenant: "t1"},
    });
    assert.equal(answer, "It is 42");

    const [trace, byName] = await readBack(handler);
    assert.equal(trace.name, "calculator");
    assert.equal(trace.userId, "user-1");
    assert.equal(trace.sessionId, "session-1");
    assert.equal(trace.version, "v1");
    assert.deepEqual(trace.tags, ["beta", "maths"]);
    assert.deepEqual(trace.input, input);
    assert.equal(trace.output, "It is 42");
    assert.equal(trace.metadata.plan, "free");
    assert.deepEqual(trace.metadata.nested, {deep: true});
    assert.equal(trace.observations.length, 4);

    const root = byName.calculator;
    assert.equal(root.type, "SPAN");
    assert.equal(root.parentObservationId, null);
    assert.equal(root.version, "v1");
    assert.deepEqual(root.metadata.tags, ["beta"]);
    assert.equal(root.metadata.tenant, "t1");
    assert.equal(byName.ChatPromptTemplate.parentObservationId, root.id);
    assert.deepEqual(byName.ChatPromptTemplate.input, input);
    assert.equal(byName.StrOutputParser.output, "It is 42");

    const generation = byName.CountingModel;
    assert.equal(generation.type, "GENERATION");
    assert.equal(generation.parentObservationId, root.id);
    assert.equal(generation.model, "counting-1-2026");
    assert.deepEqual(generation.modelParameters, {temperature: 0.25, max_tokens: 20});
    assert.deepEqual(generation.input, [
        {content: "You are a calculator", role: "system"},
        {content: "6 x 7?", role: "user"},
    ]);
    assert.deepEqual(generation.output, {content: "It is 42", role: "assistant"});
    assert.deepEqual(generation.usageDetails, {
        input: 8,
        output: 5,
        total: 19,
        input_cache_read: 4,
        output_reasoning: 2,
    });
});

test("a stream has the time of its first token", async () => {
    const handler = new CallbackHandler();
    const chunks = ["It ", "is ", "42"].map((content) => new AIMessageChunk({content}));
    const stream = await new FakeStreamingChatModel({chunks})
        .pipe(new StringOutputParser())
        .stream("6 x 7?", {callbacks: [handler], runName: "streamed"});
    let text = "";
    for await (const part of stream) text += part;
    assert.equal(text, "It is 42");
    const [trace, byName] = await readBack(handler);
    const read = byName.FakeStreamingChatModel;
    assert.equal(trace.output, "It is 42");
    assert.deepEqual(read.input, [{content: "6 x 7?", role: "user"}]);
    assert.deepEqual(read.output, {content: "It is 42", role: "assistant"});
    assert.ok(read.startTime <= read.completionStartTime);
});

test("tools and retrievers", async () => {
    const handler = new CallbackHandler();
    const multiply = tool(({a, b}) => `product: ${a * b}`, {
        name: "multiply",
        description: "Multiplies",
        schema: z.object({a: z.number(), b: z.number()}),
    });
    const work = RunnableLambda.from(async (_, config) => {
        await new FakeRetriever().invoke("which foo?", config);
        return multiply.invoke({a: 6, b: 7}, config);
    });
    await work.invoke("go", {callbacks: [handler], runName: "work"});
    const [trace, byName] = await readBack(handler);
    assert.equal(trace.output, "product: 42");
    assert.equal(byName.FakeRetriever.input, "which foo?");
    assert.deepEqual(
        byName.FakeRetriever.output.map((d) => d.pageContent),
        ["foo", "bar"],
    );
    assert.equal(byName.multiply.type, "TOOL");
    assert.equal(byName.multiply.parentObservationId, byName.work.id);
    assert.deepEqual(byName.multiply.input, {a: 6, b: 7});
});

test("what fails is of level ERROR from the model up to the chain", async () => {
    const handler = new CallbackHandler();
    const model = new FakeStreamingChatModel({thrownErrorString: "the model is away"});
    const chain = question.pipe(model);
    await assert.rejects(
        chain.invoke({role: "r", question: "q"}, {callbacks: [handler], runName: "fails"}),
        /the model is away/,
    );
    const [, byName] = await readBack(handler);
    for (const name of ["fails", "FakeStreamingChatModel"]) {
        assert.equal(byName[name].level, "ERROR");
        assert.equal(byName[name].statusMessage, "Error: the model is away");
    }
    assert.equal(byName.ChatPromptTemplate.level, "DEFAULT");
});

test("a stored prompt is linked with the generation it makes", async () => {
    const client = new LangfuseClient({publicKey, secretKey, baseUrl: server.baseUrl});
    await client.prompt.create({
        name: "maths/ask",
        prompt: "What is {{question}}",
        labels: ["production"],
    });
    const langfusePrompt = await client.prompt.get("maths/ask");
    const template = ChatPromptTemplate.fromTemplate(langfusePrompt.getLangchainPrompt());
    const chain = template
        .withConfig({metadata: {langfusePrompt}, runName: "template"})
        .pipe(new CountingModel({responses: ["It is 42"]}));
    const handler = new CallbackHandler();
    await chain.invoke({question: "6 x 7?"}, {callbacks: [handler], runName: "prompted"});
    const [, byName] = await readBack(handler);
    const read = byName.CountingModel;
    assert.deepEqual(read.input, [{content: "What is 6 x 7?", role: "user"}]);
    assert.equal(read.promptName, "maths/ask");
    assert.equal(read.promptVersion, 1);
    assert.equal(read.promptId, (await server.get("/api/public/v2/prompts/maths%2Fask")).id);
    assert.equal(byName.template.promptName, null);
    await client.shutdown();
});
