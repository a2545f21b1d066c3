// Asio is a header library; this is the one file that compiles its implementation.
#include <boost/asio/impl/src.hpp>
