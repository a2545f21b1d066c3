# Refuses any dependency between our libraries that the layer table does not allow. The table is
# the one in docs/architecture.md; a library may link only what its row names.
set(ASSAY_LAYERS
    "assay_base:"
    "assay_model:assay_base"
    "assay_http_client:assay_base"
    "assay_process:assay_base"
    "assay_stats:assay_base"
    "assay_configs:assay_base,assay_model"
    "assay_datasets:assay_base,assay_model"
    "assay_evaluators:assay_base,assay_model,assay_process"
    "assay_providers:assay_base,assay_model,assay_http_client,assay_process,assay_stats,assay_configs,assay_evaluators"
    "assay_judges:assay_base,assay_model,assay_http_client,assay_process,assay_stats,assay_configs,assay_evaluators,assay_providers"
    "assay_engine:assay_base,assay_model,assay_configs,assay_datasets,assay_evaluators,assay_providers,assay_judges"
    "assay_report:assay_base,assay_model,assay_stats"
    "assay_store:assay_base,assay_model,assay_engine"
    "assay_cli:assay_base,assay_model,assay_http_client,assay_process,assay_stats,assay_configs,assay_datasets,assay_evaluators,assay_providers,assay_judges,assay_engine,assay_report,assay_store")

get_property(libraries GLOBAL PROPERTY ASSAY_LIBRARIES)
foreach(library IN LISTS libraries)
  set(allowed "none")
  foreach(row IN LISTS ASSAY_LAYERS)
    if(row MATCHES "^${library}:(.*)$")
      string(REPLACE "," ";" allowed "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  if(allowed STREQUAL "none")
    message(FATAL_ERROR "${library} has no row in cmake/check_layers.cmake")
  endif()
  get_property(depends GLOBAL PROPERTY ASSAY_DEPENDS_${library})
  foreach(dependency IN LISTS depends)
    if(NOT dependency IN_LIST allowed)
      message(FATAL_ERROR "${library} may not link ${dependency}: see docs/architecture.md")
    endif()
  endforeach()
endforeach()
