// Beast is a header library; this is the one file that compiles its implementation.
#include <boost/beast/src.hpp>
