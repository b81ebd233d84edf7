# The whole build vocabulary: mr_library(NAME DEPENDS folders... LIBS external...).
#
# It makes the static library mr_NAME (alias mr::NAME) from the folder's *.cc files and turns
#   *_test.cc   into one program mr_NAME_tests, each case registered with CTest,
#   *_bench.cc  into one program mr_NAME_bench,
#   *_fuzz.cc   into one libFuzzer program per file (sanitizer builds only).
# DEPENDS is the only place where an edge between folders is made; tools/layers.txt must allow it.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
find_package(Threads REQUIRED)

find_program(MR_CCACHE ccache)
if(MR_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${MR_CCACHE})
endif()
find_program(MR_MOLD mold)
if(MR_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(mr_flags INTERFACE)
target_compile_options(mr_flags INTERFACE
    -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers
    -fno-omit-frame-pointer
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_include_directories(mr_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(mr_flags INTERFACE Threads::Threads)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(mr_flags INTERFACE -Wthread-safety)
  if(MR_PCH)
    target_compile_options(mr_flags INTERFACE -Xclang -fno-pch-timestamp)
  endif()
endif()
if(CMAKE_BUILD_TYPE STREQUAL Debug)
  target_compile_options(mr_flags INTERFACE -O0 -g1)
elseif(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(mr_flags INTERFACE -O2 -g1 -march=x86-64-v2)
endif()
if(MR_SANITIZE)
  target_compile_options(mr_flags INTERFACE -fsanitize=${MR_SANITIZE} -O1 -fno-sanitize-recover=all)
  target_compile_definitions(mr_flags INTERFACE MR_SANITIZED=1)
  add_link_options(-fsanitize=${MR_SANITIZE})
  if(MR_SANITIZE MATCHES address AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
    # Coverage counters in every library: without them the fuzzers search blindly.
    target_compile_options(mr_flags INTERFACE -fsanitize=fuzzer-no-link)
    add_link_options(-fsanitize=fuzzer-no-link)
  endif()
endif()

if(MR_PCH)
  file(WRITE ${CMAKE_BINARY_DIR}/pch/mr_pch.cc "")
  add_library(mr_pch STATIC ${CMAKE_BINARY_DIR}/pch/mr_pch.cc)
  target_link_libraries(mr_pch PUBLIC mr_flags)
  target_precompile_headers(mr_pch PRIVATE
      <algorithm> <coroutine> <cstdint> <expected> <memory> <optional> <span> <string>
      <string_view> <unordered_map> <vector>)
endif()

function(mr_apply_flags target)
  target_link_libraries(${target} PUBLIC mr_flags)
  if(MR_PCH)
    target_precompile_headers(${target} REUSE_FROM mr_pch)
  endif()
endfunction()

function(mr_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBS" ${ARGN})
  file(GLOB all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(benches ${all})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$|/main\\.cc$")

  set(depends ${ARG_DEPENDS})
  list(TRANSFORM depends PREPEND mr::)
  if(sources)
    add_library(mr_${name} STATIC ${sources})
    mr_apply_flags(mr_${name})
    target_link_libraries(mr_${name} PUBLIC ${depends} ${ARG_LIBS})
    set(self mr_${name})
    add_library(mr::${name} ALIAS mr_${name})
  else()
    add_library(mr_${name} INTERFACE)
    target_link_libraries(mr_${name} INTERFACE mr_flags ${depends} ${ARG_LIBS})
    add_library(mr::${name} ALIAS mr_${name})
    set(self mr_${name})
  endif()

  if(NOT MR_TESTS)
    return()
  endif()
  if(tests)
    mr_tests(mr_${name}_tests SOURCES ${tests} LIBS ${self})
  endif()
  if(benches)
    add_executable(mr_${name}_bench ${benches})
    mr_apply_flags(mr_${name}_bench)
    target_link_libraries(mr_${name}_bench PRIVATE ${self})
  endif()
  if(fuzzers AND MR_SANITIZE MATCHES address)
    foreach(source ${fuzzers})
      get_filename_component(program ${source} NAME_WE)
      add_executable(mr_${name}_${program} ${source})
      mr_apply_flags(mr_${name}_${program})
      target_link_libraries(mr_${name}_${program} PRIVATE ${self})
      target_link_options(mr_${name}_${program} PRIVATE -fsanitize=fuzzer)
      set_property(GLOBAL APPEND PROPERTY MR_FUZZERS mr_${name}_${program})
    endforeach()
  endif()
endfunction()

# A test program whose cases are registered with CTest one by one. In every test program the
# simulated world (mr::sim) may be linked; it is never linked into the product.
function(mr_tests program)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${program} ${ARG_SOURCES})
  mr_apply_flags(${program})
  target_link_libraries(${program} PRIVATE ${ARG_LIBS} GTest::gtest GTest::gtest_main)
  if(TARGET mr_sim AND NOT program STREQUAL mr_base_tests)
    target_link_libraries(${program} PRIVATE mr::sim)
  endif()
  target_compile_definitions(${program} PRIVATE MR_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
      MR_BINARY_DIR="${CMAKE_BINARY_DIR}")
  gtest_discover_tests(${program} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300)
endfunction()
