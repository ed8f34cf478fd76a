package dimension

// evaluations is what an evaluation says. Columns are added at the end.
var evaluations = []Dimension{
	{Name: "evaluationId", From: "evaluation.evaluationId", Get: TextOf(func(it *Item) string { return it.Evaluation.EvaluationID })},
	{Name: "evaluationStatus", From: "evaluation.evaluationStatus", Get: TextOf(func(it *Item) string { return it.Evaluation.EvaluationStatus })},
	{Name: "eventTime", From: "evaluation.eventTime", Get: InstantOf(func(it *Item) string { return it.Evaluation.EventTime })},
	{Name: "evaluatorId", From: "evaluation.evaluatorId", Get: TextOf(func(it *Item) string { return it.Evaluation.EvaluatorID })},
	{Name: "assigneeId", From: "evaluation.assigneeId", Get: TextOf(func(it *Item) string { return it.Evaluation.AssigneeID })},
	{Name: "assigneeApplicable", From: "evaluation.assigneeApplicable", Get: TruthOf(func(it *Item) *bool { return it.Evaluation.AssigneeApplicable })},
	{Name: "calibrationId", From: "evaluation.calibrationId", Get: TextOf(func(it *Item) string { return it.Evaluation.CalibrationID })},
	{Name: "contextId", From: "evaluation.contextId", Get: TextOf(func(it *Item) string { return it.Evaluation.ContextID })},
	{Name: "deleted", From: "evaluation.deleted", Get: TruthOf(func(it *Item) *bool { return it.Evaluation.Deleted })},
	{Name: "formId", From: "evaluation.formId", Get: TextOf(func(it *Item) string { return it.Evaluation.FormID })},
	{Name: "formName", From: "evaluation.formName", Get: TextOf(func(it *Item) string { return it.Evaluation.FormName })},
	{Name: "queueId", From: "evaluation.queueId", Get: TextOf(func(it *Item) string { return it.Evaluation.QueueID })},
	{Name: "userId", From: "evaluation.userId", Doc: "userId: the evaluated agent", Get: TextOf(func(it *Item) string { return it.Evaluation.UserID })},
	{Name: "released", From: "evaluation.released", Get: TruthOf(func(it *Item) *bool { return it.Evaluation.Released })},
	{Name: "rescored", From: "evaluation.rescored", Get: TruthOf(func(it *Item) *bool { return it.Evaluation.Rescored })},
	{Name: "systemSubmitted", From: "evaluation.systemSubmitted", Get: TruthOf(func(it *Item) *bool { return it.Evaluation.SystemSubmitted })},
	{Name: "oTotalScore", From: "evaluation.oTotalScore", Metric: true, Get: NumberOf(func(it *Item) *int64 { return it.Evaluation.OTotalScore })},
	{Name: "oTotalCriticalScore", From: "evaluation.oTotalCriticalScore", Metric: true, Get: NumberOf(func(it *Item) *int64 { return it.Evaluation.OTotalCriticalScore })},
}

// surveys is what a survey says. Columns are added at the end.
var surveys = []Dimension{
	{Name: "surveyId", From: "survey.surveyId", Get: TextOf(func(it *Item) string { return it.Survey.SurveyID })},
	{Name: "surveyStatus", From: "survey.surveyStatus", Get: TextOf(func(it *Item) string { return it.Survey.SurveyStatus })},
	{Name: "eventTime", From: "survey.eventTime", Get: InstantOf(func(it *Item) string { return it.Survey.EventTime })},
	{Name: "surveyCompletedDate", From: "survey.surveyCompletedDate", Get: InstantOf(func(it *Item) string { return it.Survey.SurveyCompletedDate })},
	{Name: "surveyFormId", From: "survey.surveyFormId", Get: TextOf(func(it *Item) string { return it.Survey.SurveyFormID })},
	{From: "survey.surveyFormName", Get: TextOf(func(it *Item) string { return it.Survey.SurveyFormName })},
	{Name: "surveyFormContextId", From: "survey.surveyFormContextId", Get: TextOf(func(it *Item) string { return it.Survey.SurveyFormContextID })},
	{Name: "surveyType", From: "survey.surveyType", Get: TextOf(func(it *Item) string { return it.Survey.SurveyType })},
	{Name: "surveyPartialResponse", From: "survey.surveyPartialResponse", Get: TruthOf(func(it *Item) *bool { return it.Survey.SurveyPartialResponse })},
	{Name: "surveyPromoterScore", From: "survey.surveyPromoterScore", Get: NumberOf(func(it *Item) *int64 { return it.Survey.SurveyPromoterScore })},
	{Name: "queueId", From: "survey.queueId", Get: TextOf(func(it *Item) string { return it.Survey.QueueID })},
	{Name: "userId", From: "survey.userId", Get: TextOf(func(it *Item) string { return it.Survey.UserID })},
	{Name: "oSurveyTotalScore", From: "survey.oSurveyTotalScore", Metric: true, Get: NumberOf(func(it *Item) *int64 { return it.Survey.OSurveyTotalScore })},
}

// resolutions is what a resolution says. Columns are added at the end.
var resolutions = []Dimension{
	{From: "resolution.eventTime", Get: InstantOf(func(it *Item) string { return it.Resolution.EventTime })},
	{From: "resolution.queueId", Get: TextOf(func(it *Item) string { return it.Resolution.QueueID })},
	{From: "resolution.userId", Get: TextOf(func(it *Item) string { return it.Resolution.UserID })},
	{Name: "nNextContactAvoided", From: "resolution.nNextContactAvoided", Metric: true, Get: NumberOf(func(it *Item) *int64 { return it.Resolution.NNextContactAvoided })},
}
