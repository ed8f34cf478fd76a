CREATE TEMP TABLE staged AS
SELECT json::VARCHAR AS record, from_json(json, '{
  "conversationId": "VARCHAR", "conversationStart": "TIMESTAMPTZ", "conversationEnd": "TIMESTAMPTZ",
  "originatingDirection": "VARCHAR", "divisionIds": ["VARCHAR"], "mediaStatsMinConversationMos": "DOUBLE",
  "mediaStatsMinConversationRFactor": "DOUBLE", "participants": [{
    "participantId": "VARCHAR", "participantName": "VARCHAR", "purpose": "VARCHAR", "userId": "VARCHAR",
    "attributes": "MAP(VARCHAR, VARCHAR)", "sessions": [{
      "sessionId": "VARCHAR", "mediaType": "VARCHAR", "direction": "VARCHAR", "ani": "VARCHAR", "dnis": "VARCHAR",
      "sessionDnis": "VARCHAR", "addressFrom": "VARCHAR", "addressTo": "VARCHAR", "addressSelf": "VARCHAR",
      "addressOther": "VARCHAR", "remote": "VARCHAR", "edgeId": "VARCHAR", "peerId": "VARCHAR",
      "protocolCallId": "VARCHAR", "provider": "VARCHAR", "recording": "BOOLEAN", "selectedAgentId": "VARCHAR",
      "requestedRoutings": ["VARCHAR"], "usedRouting": "VARCHAR", "flow": {
        "flowId": "VARCHAR", "flowName": "VARCHAR", "flowType": "VARCHAR", "flowVersion": "VARCHAR",
        "entryType": "VARCHAR", "entryReason": "VARCHAR", "exitReason": "VARCHAR", "transferType": "VARCHAR",
        "transferTargetAddress": "VARCHAR", "transferTargetName": "VARCHAR"},
      "metrics": [{"name": "VARCHAR", "value": "BIGINT", "emitDate": "TIMESTAMPTZ"}],
      "segments": [{
        "segmentStart": "TIMESTAMPTZ", "segmentEnd": "TIMESTAMPTZ", "segmentType": "VARCHAR", "queueId": "VARCHAR",
        "disconnectType": "VARCHAR", "wrapUpCode": "VARCHAR", "wrapUpNote": "VARCHAR", "conference": "BOOLEAN",
        "errorCode": "VARCHAR", "groupId": "VARCHAR", "requestedLanguageId": "VARCHAR",
        "requestedRoutingSkillIds": ["VARCHAR"], "sipResponseCodes": ["BIGINT"], "q850ResponseCodes": ["BIGINT"]}]}]}]}') AS c
FROM read_ndjson_objects('$FILE');
CREATE TEMP VIEW sessions AS
SELECT conversation_id, conversation_start, conversation_end, originating_direction, p, unnest(p.sessions) AS s FROM (
  SELECT c.conversationId AS conversation_id, c.conversationStart AS conversation_start, c.conversationEnd AS conversation_end,
    c.originatingDirection AS originating_direction, unnest(c.participants) AS p FROM staged);
COPY (
  SELECT c.conversationId AS conversation_id, c.conversationStart AS conversation_start, c.conversationEnd AS conversation_end,
    c.originatingDirection AS originating_direction, c.divisionIds AS division_ids, c.mediaStatsMinConversationMos AS mos,
    c.mediaStatsMinConversationRFactor AS r_factor, sha256(record) AS record_hash, record, c.conversationStart::DATE AS day FROM staged
) TO '$DIR/conversations' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY (day));
COPY (
  SELECT conversation_id, conversation_start, conversation_end, originating_direction, p.participantId AS participant_id,
    p.participantName AS participant_name, p.purpose AS purpose, p.userId AS user_id, s.* EXCLUDE (flow, metrics, segments),
    unnest(s.flow), unnest(s.segments, recursive := true), conversation_start::DATE AS day FROM sessions
) TO '$DIR/segments' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY (day));
COPY (
  SELECT conversation_id, conversation_start, conversation_end, originating_direction, p.participantId AS participant_id,
    p.purpose AS purpose, p.userId AS user_id, s.sessionId AS session_id, s.mediaType AS media_type, s.direction AS direction,
    unnest(s.metrics, recursive := true), conversation_start::DATE AS day FROM sessions
) TO '$DIR/metrics' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY (day));
COPY (
  SELECT conversation_id, conversation_start, p.participantId AS participant_id, p.purpose AS purpose,
    unnest(map_entries(p.attributes), recursive := true), conversation_start::DATE AS day FROM (
      SELECT c.conversationId AS conversation_id, c.conversationStart AS conversation_start, unnest(c.participants) AS p FROM staged)
) TO '$DIR/attributes' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY (day));
