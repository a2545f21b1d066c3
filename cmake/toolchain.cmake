# The compiler and its flags. GCC 12 destroys temporaries of co_await expressions twice (a double
# free at run time without a warning), so it is refused here rather than met by a user.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines. Use clang 19 "
                      "(Debian: apt-get install clang-19; cmake --preset release) or GCC 13.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

find_program(ASSAY_CCACHE ccache)
if(ASSAY_CCACHE)
  # The sloppiness is what lets ccache work with a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${ASSAY_CCACHE})
endif()
find_program(ASSAY_LLD NAMES ld.lld-19 ld.lld)
if(ASSAY_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=lld)
endif()

# A shared precompiled header needs the same answer everywhere, whatever a package asks for.
add_compile_options(-pthread -fPIE)
add_link_options(-pie)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Xclang -fno-pch-timestamp -fcolor-diagnostics)
  # Structs give their members defaults, so naming only some of them is the point, not a mistake.
  add_compile_options(-Wno-missing-designated-field-initializers)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_GLIBCXX_ASSERTIONS -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  add_link_options(-Wl,-z,relro,-z,now)
else()
  add_compile_options(-gline-tables-only)
endif()

if(ASSAY_SANITIZE)
  add_compile_options(-fsanitize=${ASSAY_SANITIZE} -fno-omit-frame-pointer -O1)
  add_link_options(-fsanitize=${ASSAY_SANITIZE})
  if(ASSAY_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(ASSAY_FUZZ)
  # Everything tells the fuzzer what it executes; only the harnesses get its main().
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(ASSAY_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
