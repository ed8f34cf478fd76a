COPY (
	SELECT c.conversation_id AS "conversationId", c.media_type AS "mediaType", c.direction, strftime(c.conversation_start, '%%Y-%%m-%%dT%%H:%%M:%%S.%%gZ') AS "startTime",
		strftime(c.conversation_end, '%%Y-%%m-%%dT%%H:%%M:%%S.%%gZ') AS "endTime", c.duration_ms AS duration, c.first_queue_id AS "firstQueueId", c.last_queue_id AS "lastQueueId",
		c.first_user_id AS "firstUserId", c.last_user_id AS "lastUserId", w.code AS "wrapUpCode", c.abandoned, c.participant_count AS "participantCount",
		c.segment_count AS "segmentCount", m.handle AS "totalHandleTime", m.talk AS "talkTime", m.held AS "holdTime", coalesce(m.holds, 0) AS "holdCount",
		m.acw AS "acwTime", m.acd AS "queueTime"
	FROM %s c
	LEFT JOIN (SELECT conversation_id, sum(value) FILTER (name = 'tHandle') AS handle, sum(value) FILTER (name = 'tTalk') AS talk,
			sum(value) FILTER (name = 'tHeld') AS held, count(*) FILTER (name = 'tHeld') AS holds, sum(value) FILTER (name = 'tAcw') AS acw,
			sum(value) FILTER (name = 'tAcd') AS acd
		FROM %s WHERE name IN ('tHandle', 'tTalk', 'tHeld', 'tAcw', 'tAcd') GROUP BY conversation_id) m USING (conversation_id)
	LEFT JOIN (SELECT conversation_id, arg_max(wrap_up_code, row(segment_start, participant_index, session_index, segment_index)) AS code
		FROM %s WHERE wrap_up_code IS NOT NULL GROUP BY conversation_id) w USING (conversation_id)
	ORDER BY c.conversation_start, c.conversation_id) TO '%s' (FORMAT csv, HEADER)