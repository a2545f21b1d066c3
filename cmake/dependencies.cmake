# Everything third-party, found once. docs/dependencies.md says why each was chosen.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(CURL REQUIRED)
find_package(EXPAT 2.4 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(TBB REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
# The C++ build of Lua raises its errors as exceptions, so destructors run.
pkg_check_modules(LUA REQUIRED IMPORTED_TARGET lua5.4-c++)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

# Asio is compiled once, in core/base/asio.cpp.
add_library(assay_asio INTERFACE)
target_link_libraries(assay_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(assay_asio INTERFACE BOOST_ASIO_SEPARATE_COMPILATION
                                                BOOST_ASIO_NO_DEPRECATED)
