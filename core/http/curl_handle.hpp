#pragma once

#include <curl/curl.h>

#include <memory>

namespace assay {

// libcurl's handles as types that clean up after themselves. Only core/http includes this.

struct CurlMultiDeleter {
    void operator()(CURLM* multi) const noexcept { (void)curl_multi_cleanup(multi); }
};
struct CurlEasyDeleter {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct CurlListDeleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
struct CurlUrlDeleter {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
struct CurlTextDeleter {
    void operator()(char* text) const noexcept { curl_free(text); }
};

using CurlMulti = std::unique_ptr<CURLM, CurlMultiDeleter>;
using CurlEasy = std::unique_ptr<CURL, CurlEasyDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlListDeleter>;
using CurlUrl = std::unique_ptr<CURLU, CurlUrlDeleter>;
using CurlText = std::unique_ptr<char, CurlTextDeleter>;

}  // namespace assay
