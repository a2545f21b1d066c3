// Beast and Asio's TLS are header libraries; this is the one file that compiles their
// implementations.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
