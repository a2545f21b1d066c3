# Refuses any dependency between our libraries that the layer table does not allow. The table is
# the one in docs/architecture.md; a library may link only what its row names.
set(ASSAY_LAYERS
    "assay_base:"
    "assay_model:base"
    "assay_http_client:base"
    "assay_process:base"
    "assay_stats:base"
    "assay_configs:base,model"
    "assay_datasets:base,model"
    "assay_evaluators:base,model,process"
    "assay_providers:base,model,http_client,process,stats,configs,evaluators"
    "assay_calls:base,model,configs,providers"
    "assay_judges:base,model,http_client,process,stats,configs,evaluators,providers,calls"
    "assay_engine:base,model,http_client,stats,configs,datasets,evaluators,providers,calls,judges"
    "assay_report:base,model,stats"
    "assay_store:base,model,engine"
    "assay_resources:base,model,configs,datasets,evaluators,store"
    "assay_tracing:base,model,store,resources"
    "assay_query:base,model,store,tracing"
    "assay_ingest:base,model,resources,tracing"
    "assay_api:base,model,store,resources,tracing,query,ingest,report,engine"
    "assay_client:base,http_client"
    "assay_sources:base,model,store,resources,tracing,query,api,client"
    "assay_cli:*")

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
    string(REGEX REPLACE "^assay_" "" name "${dependency}")
    if(NOT allowed STREQUAL "*" AND NOT name IN_LIST allowed)
      message(FATAL_ERROR "${library} may not link ${dependency}: see docs/architecture.md")
    endif()
  endforeach()
endforeach()
