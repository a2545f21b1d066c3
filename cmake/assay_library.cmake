# assay_add_library(NAME assay_x SOURCES ... DEPENDS assay_y ... EXTERNAL target ...)
#
# One library per folder. DEPENDS lists our own targets and is recorded, so that check_layers.cmake
# can hold it against the table in docs/architecture.md; EXTERNAL lists third-party targets.
# Headers are included by their path from the project's root.
function(assay_add_library)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPENDS;EXTERNAL;PUBLIC_EXTERNAL" ${ARGN})
  add_library(${ARG_NAME} STATIC ${ARG_SOURCES})
  target_include_directories(${ARG_NAME} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${ARG_NAME} PUBLIC ${ARG_DEPENDS} ${ARG_PUBLIC_EXTERNAL}
                                    PRIVATE ${ARG_EXTERNAL})
  set_property(GLOBAL APPEND PROPERTY ASSAY_LIBRARIES ${ARG_NAME})
  set_property(GLOBAL PROPERTY ASSAY_DEPENDS_${ARG_NAME} ${ARG_DEPENDS})
  if(ASSAY_PRECOMPILED_HEADER)
    assay_use_precompiled_header(${ARG_NAME})
  endif()
endfunction()

# All targets share the precompiled header of assay_base.
function(assay_use_precompiled_header target)
  if(NOT ASSAY_PRECOMPILED_HEADER)
    return()
  endif()
  if(target STREQUAL "assay_base")
    target_precompile_headers(assay_base PRIVATE "${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp")
  else()
    target_precompile_headers(${target} REUSE_FROM assay_base)
  endif()
endfunction()

# assay_embed_texts(OUTPUT variable HEADER folder/texts.hpp FILES a.json ...)
#
# Puts texts into the program: `variable` is the source file to compile, in which each file is a
# constant that HEADER declares (embed_texts.cmake says how it is called).
function(assay_embed_texts)
  cmake_parse_arguments(ARG "" "OUTPUT;HEADER" "FILES" ${ARGN})
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${ARG_OUTPUT}.cpp")
  list(TRANSFORM ARG_FILES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  list(JOIN ARG_FILES "," files)
  add_custom_command(
    OUTPUT "${source}"
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${source} -DHEADER=${ARG_HEADER} -DFILES=${files}
            -P "${PROJECT_SOURCE_DIR}/cmake/embed_texts.cmake"
    DEPENDS ${ARG_FILES} "${PROJECT_SOURCE_DIR}/cmake/embed_texts.cmake"
    VERBATIM)
  set(${ARG_OUTPUT} "${source}" PARENT_SCOPE)
endfunction()
