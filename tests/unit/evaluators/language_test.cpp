#include "evaluator_helpers.hpp"
#include "evaluators/language_guess.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::mistakes_in;
using test::outcome;

struct Sentences {
    const char* code;
    std::vector<const char*> texts;
};

const std::vector<Sentences>& sentences() {
    static const std::vector<Sentences> k_sentences = {
        {"en",
         {"The train leaves at seven, so we should go now.",
          "Please send me the report before Friday.",
          "I don't know what happened to the old bridge.",
          "She has been working on this problem for three years.",
          "Your order was shipped yesterday and will arrive soon."}},
        {"de",
         {"Der Zug fährt um sieben, also sollten wir jetzt gehen.",
          "Bitte schicken Sie mir den Bericht vor Freitag.",
          "Ich weiß nicht, was mit der alten Brücke passiert ist.",
          "Sie arbeitet seit drei Jahren an diesem Problem.",
          "Ihre Bestellung wurde gestern verschickt und kommt bald an."}},
        {"fr",
         {"Le train part à sept heures, nous devons donc y aller maintenant.",
          "Veuillez m'envoyer le rapport avant vendredi, s'il vous plaît.",
          "Je ne sais pas ce qui est arrivé au vieux pont.",
          "Elle travaille sur ce problème depuis trois ans.",
          "Votre commande a été expédiée hier et arrivera bientôt."}},
        {"es",
         {"El tren sale a las siete, así que debemos irnos ya.",
          "Por favor, envíeme el informe antes del viernes.", "No sé qué le pasó al viejo puente.",
          "Ella lleva tres años trabajando en este problema.",
          "Su pedido fue enviado ayer y llegará muy pronto."}},
        {"it",
         {"Il treno parte alle sette, quindi dobbiamo andare adesso.",
          "Per favore, mi mandi la relazione prima di venerdì.",
          "Non so che cosa sia successo al vecchio ponte.",
          "Lavora a questo problema da più di tre anni.",
          "Il suo ordine è stato spedito ieri e arriverà presto."}},
        {"pt",
         {"O comboio parte às sete, por isso temos de ir agora.",
          "Por favor, envie-me o relatório até sexta-feira.",
          "Não sei o que aconteceu com a ponte velha.", "Ela trabalha nesse problema há três anos.",
          "O seu pedido foi enviado ontem e vai chegar em breve."}},
        {"nl",
         {"De trein vertrekt om zeven uur, dus we moeten nu gaan.",
          "Stuur mij het verslag alstublieft voor vrijdag.",
          "Ik weet niet wat er met de oude brug is gebeurd.",
          "Zij werkt al drie jaar aan dit probleem.",
          "Uw bestelling is gisteren verzonden en komt er snel aan."}},
        {"sv",
         {"Tåget går klockan sju, så vi borde gå nu.",
          "Skicka rapporten till mig före fredag, är du snäll.",
          "Jag vet inte vad som hände med den gamla bron.",
          "Hon har arbetat med det här problemet i tre år.",
          "Din beställning skickades i går och kommer snart."}},
        {"pl",
         {"Pociąg odjeżdża o siódmej, więc powinniśmy już iść.",
          "Proszę przysłać mi raport przed piątkiem.", "Nie wiem, co się stało ze starym mostem.",
          "Ona pracuje nad tym problemem od trzech lat.",
          "Twoje zamówienie zostało wysłane wczoraj i wkrótce dotrze."}},
        {"tr",
         {"Tren saat yedide kalkıyor, bu yüzden şimdi gitmeliyiz.",
          "Lütfen raporu bana cumadan önce gönderin.", "Eski köprüye ne olduğunu bilmiyorum.",
          "Üç yıldır bu sorun üzerinde çalışıyor.",
          "Siparişiniz dün gönderildi ve yakında size ulaşacak."}},
        {"cs",
         {"Vlak odjíždí v sedm, takže bychom už měli jít.",
          "Prosím, pošlete mi zprávu před pátkem.", "Nevím, co se stalo se starým mostem.",
          "Na tomto problému pracuje už tři roky.",
          "Vaše objednávka byla odeslána včera a brzy dorazí."}},
        {"da",
         {"Toget kører klokken syv, så vi skal af sted nu.",
          "Send mig venligst rapporten inden fredag, og hav en god dag.",
          "Jeg ved ikke, hvad der er sket med den gamle bro.",
          "Hun har arbejdet på problemet i tre år nu.",
          "Din bestilling blev sendt i går og kommer meget snart."}},
        {"no",
         {"Toget går klokken sju, så vi bør gå nå.",
          "Vær så snill å sende meg rapporten før fredag.",
          "Jeg vet ikke hva som skjedde med den gamle broen.",
          "Hun har jobbet med dette problemet i tre år nå.",
          "Bestillingen din ble sendt i går og kommer snart, og vi sier fra."}},
        {"fi",
         {"Juna lähtee kello seitsemän, joten meidän on nyt mentävä.",
          "Lähetä raportti minulle ennen perjantaita, ole hyvä.",
          "En tiedä, mitä vanhalle sillalle tapahtui.",
          "Hän on työskennellyt tämän ongelman parissa kolme vuotta.",
          "Tilauksesi lähetettiin eilen ja se saapuu pian."}},
        {"hu",
         {"A vonat hétkor indul, ezért most mennünk kell.",
          "Kérem, küldje el nekem a jelentést péntek előtt.",
          "Nem tudom, mi történt a régi híddal.", "Már három éve dolgozik ezen a problémán.",
          "A rendelését tegnap feladtuk, és hamarosan megérkezik."}},
        {"id",
         {"Kereta berangkat pukul tujuh, jadi kita harus pergi dan tidak menunggu.",
          "Tolong kirim laporan itu kepada saya sebelum hari Jumat.",
          "Saya tidak tahu apa yang terjadi dengan jembatan tua itu.",
          "Dia sudah bekerja untuk masalah ini selama tiga tahun.",
          "Pesanan anda sudah dikirim kemarin dan akan segera tiba."}},
        {"ro",
         {"Trenul pleacă la șapte, așa că trebuie să mergem acum.",
          "Vă rog să îmi trimiteți raportul până vineri.",
          "Nu știu ce s-a întâmplat cu podul vechi.",
          "Ea lucrează la această problemă de trei ani.",
          "Comanda dumneavoastră a fost expediată ieri și va ajunge curând."}},
        {"vi",
         {"Tàu khởi hành lúc bảy giờ nên chúng ta phải đi ngay.",
          "Xin gửi cho tôi bản báo cáo trước thứ sáu.",
          "Tôi không biết chuyện gì đã xảy ra với cây cầu cũ.",
          "Cô ấy đã làm việc với vấn đề này trong ba năm.",
          "Đơn hàng của bạn đã được gửi hôm qua và sẽ đến sớm."}},
        {"ru",
         {"Поезд отправляется в семь, поэтому нам пора идти.",
          "Пожалуйста, пришлите мне отчёт до пятницы.",
          "Я не знаю, что случилось со старым мостом.", "Она работает над этой задачей три года.",
          "Ваш заказ был отправлен вчера и скоро прибудет."}},
        {"uk",
         {"Потяг вирушає о сьомій, тому нам час іти.",
          "Будь ласка, надішліть мені звіт до п'ятниці.",
          "Я не знаю, що сталося зі старим мостом і дорогою.",
          "Вона працює над цією проблемою вже три роки, і не одна.",
          "Ваше замовлення було надіслане вчора й скоро прибуде до її міста."}},
        {"bg",
         {"Влакът тръгва в седем, така че трябва да тръгваме.",
          "Моля, изпратете ми доклада преди петък, първата част.",
          "Не знам какво се случи със стария мост.", "Тя работи върху този проблем от три години.",
          "Поръчката ви беше изпратена вчера и скоро ще пристигне."}},
        {"el",
         {"Το τρένο φεύγει στις επτά, άρα πρέπει να πάμε τώρα.",
          "Παρακαλώ στείλτε μου την αναφορά πριν από την Παρασκευή.",
          "Δεν ξέρω τι συνέβη στην παλιά γέφυρα.", "Δουλεύει πάνω σε αυτό το πρόβλημα τρία χρόνια.",
          "Η παραγγελία σας στάλθηκε χθες και θα φτάσει σύντομα."}},
        {"ar",
         {"يغادر القطار في السابعة، لذلك يجب أن نذهب الآن.",
          "من فضلك أرسل لي التقرير قبل يوم الجمعة.", "لا أعرف ماذا حدث للجسر القديم.",
          "تعمل على هذه المسألة منذ ثلاث سنوات.", "تم إرسال طلبك أمس وسيصل قريبا."}},
        {"fa",
         {"قطار ساعت هفت حرکت می‌کند، پس باید الان برویم.",
          "لطفا گزارش را پیش از جمعه برای من بفرستید.",
          "نمی‌دانم برای پل قدیمی چه اتفاقی افتاد.",
          "او سه سال است که روی این مسئله کار می‌کند.",
          "سفارش شما دیروز فرستاده شد و به زودی می‌رسد."}},
        {"he",
         {"הרכבת יוצאת בשבע, אז כדאי שנלך עכשיו.", "בבקשה שלח לי את הדוח לפני יום שישי.",
          "אני לא יודע מה קרה לגשר הישן.", "היא עובדת על הבעיה הזאת שלוש שנים.",
          "ההזמנה שלך נשלחה אתמול ותגיע בקרוב."}},
        {"hi",
         {"ट्रेन सात बजे निकलती है, इसलिए हमें अब चलना चाहिए।", "कृपया मुझे शुक्रवार से पहले रिपोर्ट भेजें।",
          "मुझे नहीं पता कि पुराने पुल का क्या हुआ।", "वह तीन साल से इस समस्या पर काम कर रही है।",
          "आपका ऑर्डर कल भेजा गया था और जल्द पहुँचेगा।"}},
        {"th",
         {"รถไฟออกเจ็ดโมง เราควรไปเดี๋ยวนี้", "กรุณาส่งรายงานให้ฉันก่อนวันศุกร์", "ฉันไม่รู้ว่าเกิดอะไรขึ้นกับสะพานเก่า",
          "เธอทำงานกับปัญหานี้มาสามปีแล้ว", "คำสั่งซื้อของคุณถูกส่งเมื่อวานนี้"}},
        {"ko",
         {"기차가 일곱 시에 떠나니 지금 가야 합니다.", "금요일 전에 보고서를 보내 주세요.",
          "오래된 다리에 무슨 일이 있었는지 모르겠어요.", "그녀는 삼 년 동안 이 문제를 연구했다.",
          "주문하신 상품은 어제 발송되어 곧 도착합니다."}},
        {"ja",
         {"電車は七時に出るので、もう行かなければなりません。",
          "金曜日までに報告書を送ってください。", "古い橋に何が起きたのか分かりません。",
          "彼女は三年間この問題に取り組んでいる。", "ご注文は昨日発送され、まもなく届きます。"}},
        {"zh",
         {"火车七点出发，所以我们现在应该走了。", "请在星期五之前把报告发给我。",
          "我不知道那座旧桥出了什么事。", "她研究这个问题已经三年了。",
          "您的订单昨天已发货，很快就会到达。"}}};
    return k_sentences;
}

TEST_CASE("language: sentences of every language on the list are recognised", "[language]") {
    for (const auto& [code, texts] : sentences()) {
        CHECK(is_guessable_language(code));
        CHECK(texts.size() >= 5);
        std::string all;
        for (const char* text : texts) {
            INFO(text);
            CHECK(guess_language(text) == code);
            all.append(text).append(" ");
        }
        CHECK(guess_language(all) == code);
    }
}

TEST_CASE("language: of short sentences most are right and most others are und", "[language]") {
    // None of these had a part in choosing the words and letters.
    const std::pair<const char*, const char*> texts[] = {
        {"en", "Our office is closed on public holidays."},
        {"en", "He forgot his umbrella at the station again."},
        {"en", "Click the blue button to reset your password."},
        {"en", "The results of the experiment were not what we expected."},
        {"de", "Unser Büro bleibt an Feiertagen geschlossen."},
        {"de", "Er hat seinen Regenschirm wieder am Bahnhof vergessen."},
        {"de", "Klicken Sie auf die blaue Schaltfläche, um Ihr Passwort zurückzusetzen."},
        {"de", "Die Ergebnisse waren anders als erwartet."},
        {"fr", "Notre bureau est fermé les jours fériés."},
        {"fr", "Il a encore oublié son parapluie à la gare."},
        {"fr", "Cliquez sur le bouton bleu pour réinitialiser votre mot de passe."},
        {"fr", "Les résultats ne correspondent pas à nos attentes."},
        {"es", "Nuestra oficina cierra los días festivos."},
        {"es", "Volvió a olvidar el paraguas en la estación."},
        {"es", "Haga clic en el botón azul para restablecer su contraseña."},
        {"es", "Los resultados no fueron los que esperábamos."},
        {"it", "Il nostro ufficio è chiuso nei giorni festivi."},
        {"it", "Ha dimenticato di nuovo l'ombrello in stazione."},
        {"it", "Fare clic sul pulsante blu per reimpostare la password."},
        {"it", "I risultati non erano quelli che ci aspettavamo."},
        {"pt", "O nosso escritório está fechado nos feriados."},
        {"pt", "Ele esqueceu o guarda-chuva na estação outra vez."},
        {"pt", "Clique no botão azul para redefinir sua senha."},
        {"pt", "Os resultados não foram os que esperávamos."},
        {"nl", "Ons kantoor is gesloten op feestdagen."},
        {"nl", "Hij heeft zijn paraplu weer op het station laten liggen."},
        {"nl", "Klik op de blauwe knop om uw wachtwoord opnieuw in te stellen."},
        {"nl", "De resultaten waren anders dan verwacht."},
        {"sv", "Vårt kontor är stängt på helgdagar."},
        {"sv", "Han glömde sitt paraply på stationen igen."},
        {"sv", "Klicka på den blå knappen för att återställa ditt lösenord."},
        {"sv", "Resultaten var inte vad vi väntade oss."},
        {"pl", "Nasze biuro jest zamknięte w dni świąteczne."},
        {"pl", "Znowu zapomniał parasola na dworcu."},
        {"pl", "Kliknij niebieski przycisk, aby zresetować hasło."},
        {"pl", "Wyniki nie były takie, jakich oczekiwaliśmy."},
        {"tr", "Ofisimiz resmi tatil günlerinde kapalıdır."},
        {"tr", "Şemsiyesini yine istasyonda unuttu."},
        {"tr", "Şifrenizi sıfırlamak için mavi düğmeye tıklayın."},
        {"tr", "Sonuçlar beklediğimiz gibi değildi."},
        {"cs", "Naše kancelář je o svátcích zavřená."},
        {"cs", "Zase zapomněl deštník na nádraží."},
        {"cs", "Kliknutím na modré tlačítko obnovíte heslo."},
        {"da", "Vores kontor er lukket på helligdage."},
        {"da", "Han glemte igen sin paraply på stationen."},
        {"da", "Klik på den blå knap for at nulstille din adgangskode."},
        {"no", "Kontoret vårt er stengt på helligdager."},
        {"no", "Han glemte paraplyen sin på stasjonen igjen."},
        {"no", "Klikk på den blå knappen for å tilbakestille passordet ditt."},
        {"fi", "Toimistomme on suljettu pyhäpäivinä."},
        {"fi", "Hän unohti taas sateenvarjonsa asemalle."},
        {"fi", "Napsauta sinistä painiketta vaihtaaksesi salasanasi."},
        {"hu", "Irodánk ünnepnapokon zárva tart."},
        {"hu", "Megint az állomáson felejtette az esernyőjét."},
        {"hu", "Kattintson a kék gombra a jelszó visszaállításához."},
        {"id", "Kantor kami tutup pada hari libur."},
        {"id", "Dia lupa membawa payungnya lagi di stasiun."},
        {"id", "Klik tombol biru untuk mengatur ulang kata sandi anda."},
        {"ro", "Biroul nostru este închis în zilele de sărbătoare."},
        {"ro", "Și-a uitat din nou umbrela în gară."},
        {"ro", "Faceți clic pe butonul albastru pentru a reseta parola."},
        {"vi", "Văn phòng của chúng tôi đóng cửa vào ngày lễ."},
        {"vi", "Anh ấy lại để quên ô ở nhà ga."}};
    std::size_t right = 0;
    std::size_t wrong = 0;
    for (const auto& [code, text] : texts) {
        const std::string_view guess = guess_language(text);
        if (guess == code) ++right;
        if (guess != code && guess != "und") ++wrong;
    }
    CHECK(right >= std::size(texts) * 8 / 10);
    CHECK(wrong <= std::size(texts) / 10);
}

TEST_CASE("language: what cannot be told is und", "[language]") {
    for (const char* text : {"", " ", "42", "3.14 + 2", "!?", "Xyzzy", "Paris", "\xff\xfe",
                             "\U0001F600\U0001F680", "OK", "kubectl --namespace", "foo_bar(baz)"}) {
        INFO(text);
        CHECK(guess_language(text) == "und");
    }
}

TEST_CASE("language: most of a text decides", "[language]") {
    CHECK(guess_language("The word Привет means hello, and it is used by friends.") == "en");
    CHECK(guess_language("Слово hello означает привет, и его используют друзья.") == "ru");
    CHECK(guess_language("使用 GPT 模型可以很快地回答这些问题。") == "zh");
    CHECK(guess_language("The sign says 出口 and that is the way out of here.") == "en");
    CHECK(guess_language("THE WEATHER IS NICE AND WE ARE GOING TO THE BEACH") == "en");
}

TEST_CASE("language: with is it is a verdict", "[language]") {
    const auto german = bound("language", {{"is", "de"}});
    CHECK(german.data_type("score") == ScoreDataType::boolean);
    CHECK(bound("language").data_type("score") == ScoreDataType::categorical);
    CHECK(outcome(german, "Das ist ein Test, und er ist nicht lang.") == true);
    CHECK(outcome(german, "This is a test, and it is not long.") == false);
    CHECK(comment_of(german, "This is a test, and it is not long.") == "expected de, got en");
    CHECK(outcome(bound("language", {{"is", "DE-at"}}), "Das ist nicht der Zug.") == true);
    CHECK(outcome(bound("language", {{"is", "und"}}), "42") == true);
    CHECK(outcome(german, json(R"({"text": "Das ist nicht der Zug."})")) == true);
}

TEST_CASE("language: a code that is not recognised is a mistake", "[language]") {
    CHECK(mistakes_in("language", {{"is", "german"}}) ==
          std::vector<std::string>{"/is: \"is\": \"german\" is no code of a language that is "
                                   "recognised, such as en or de"});
    const auto templated = bound("language", {{"is", "{{metadata.lang}}"}});
    DatasetItem item;
    item.metadata = {{"lang", "fr"}};
    CHECK(outcome(templated.evaluate(item, "Il ne sait pas où est la gare.")) == true);
    item.metadata = {{"lang", "xx"}};
    CHECK(is_error(outcome(templated.evaluate(item, "Il ne sait pas."))));
}

}  // namespace
}  // namespace assay
