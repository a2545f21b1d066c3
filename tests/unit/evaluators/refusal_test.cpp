#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::outcome;

TEST_CASE("refusal: the usual words are recognised", "[refusal]") {
    const auto refusal = bound("refusal");
    for (const char* text :
         {"I'm sorry, but I can't help with that.",
          "I\u2019m sorry, but I can\u2019t assist with "
          "that request.",
          "I cannot provide instructions for that.", "Sorry, I can't do that.",
          "I am unable to answer this question.", "I'm not able to share personal data.",
          "As an AI language model, I cannot give medical advice.",
          "I apologize, but I'm unable to comply.", "I must respectfully decline to answer.",
          "I won't write that.", "I refuse to do this.", "That would be against my guidelines.",
          "This violates our usage policies.", "Unfortunately, I can't create that image.",
          "I'm afraid I can't do that, Dave.", "I'm not comfortable discussing this.",
          "I CANNOT HELP WITH THIS.", "Thanks for asking. I can't\nhelp you with that."}) {
        INFO(text);
        CHECK(outcome(refusal, text) == true);
        CHECK_FALSE(comment_of(refusal, text).empty());
    }
}

TEST_CASE("refusal: other languages on the list", "[refusal]") {
    const auto refusal = bound("refusal");
    for (const char* text :
         {"Es tut mir leid, aber dabei kann ich nicht helfen.",
          "Ich kann diese Frage leider nicht beantworten.",
          "Leider kann ich dir dabei nicht weiterhelfen.",
          "D\u00e9sol\u00e9, je ne peux pas vous aider avec cela.",
          "Je ne suis pas en mesure de r\u00e9pondre.",
          "Lo siento, pero no puedo ayudarte con eso.",
          "Desculpe, mas n\u00e3o posso ajudar com isso.", "Mi dispiace, ma non posso aiutarti."}) {
        INFO(text);
        CHECK(outcome(refusal, text) == true);
    }
    for (const char* text :
         {"Het spijt me, maar ik kan je daar niet mee helpen.",
          "Przykro mi, ale nie mog\u0119 ci w tym pom\u00f3c.", "Извините, я не могу вам помочь.",
          "抱歉，我无法提供这方面的帮助。", "申し訳ありませんが、そのご質問にはお答えできません。",
          "죄송하지만 도와드릴 수 없습니다."}) {
        INFO(text);
        CHECK(outcome(refusal, text) == true);
    }
}

TEST_CASE("refusal: answers are none", "[refusal]") {
    const auto refusal = bound("refusal");
    for (const char* text :
         {"", "Paris", "The door cannot be opened without a key.",
          "Sorry for the delay! Here is the poem you asked for.",
          "I can help with that. First, open the file.", "You can't divide by zero.",
          "I can't wait to show you the result!", "I couldn't agree more: it is beautiful.",
          "If the function cannot find the file, it returns an error.",
          "The company declined to comment.", "Our policy is to answer within a day.",
          "I can't help but admire this design.", "Das kann nicht stimmen, denn 2 + 2 = 4.",
          "Ce train ne peut pas s'arr\u00eater ici.", "No puedo creerlo: \u00a1has ganado!",
          "他不能来。", "こちらが回答です。"}) {
        INFO(text);
        CHECK(outcome(refusal, text) == false);
    }
}

TEST_CASE("refusal: only the beginning counts", "[refusal]") {
    const std::string refusal_text = "I'm sorry, but I can't help with that.";
    const std::string answer(limits::k_refusal_bytes_max, 'x');
    CHECK(outcome(bound("refusal"), answer + " " + refusal_text) == false);
    CHECK(outcome(bound("refusal"), refusal_text + " " + answer) == true);
    CHECK(outcome(bound("refusal"), std::string(10'000, '\n') + refusal_text) == true);
}

}  // namespace
}  // namespace assay
