-- The texts AEGIS is installed with. Korean as a trading desk in Seoul reads it.

INSERT INTO aegis.alert_templates (
    alert_kind, dedupe_window, placeholders, title_en, body_en, title_ko, body_ko
)
VALUES
('breaker_closed', '1 second', '{reason,scope,subject}',
    'Circuit breaker closed: {scope} {subject}',
    'The circuit breaker of {scope} {subject} is closed; its rows are taken again. Reason: {reason}.',
    '회로차단 해제: {scope} {subject}',
    '{scope} {subject}의 회로차단이 해제되어 데이터 수신을 재개합니다. 사유: {reason}.'),
('breaker_opened', '1 second', '{reason,scope,subject,until}',
    'Circuit breaker open: {scope} {subject}',
    'The circuit breaker of {scope} {subject} is open; its rows are quarantined, none is lost. Reason: {reason}. '
    'Probing from {until}.',
    '회로차단 발동: {scope} {subject}',
    '{scope} {subject}에 회로차단이 발동되었습니다. 이후 수신 데이터는 폐기되지 않고 격리 보관됩니다. 사유: {reason}. '
    '{until}부터 시험 수신을 시작합니다.'),
('case_overdue', '1 day', '{age,case_id,rule_code,severity,stock_code,trade_date}',
    'Overdue [{severity}]: case {case_id}',
    'Case {case_id} (rule {rule_code}, code {stock_code}, trading date {trade_date}) has waited {age}, longer than agreed.',
    '처리기한 초과 [{severity}]: 검증 건 {case_id}',
    '검증 건 {case_id}(규칙 {rule_code}, 종목코드 {stock_code}, 거래일 {trade_date})이 처리기한을 넘겨 {age} 동안 '
    '미처리 상태입니다. 담당자를 지정해 주시기 바랍니다.'),
('finding', '5 minutes', '{case_id,detail,rule_code,severity,stock_code,stock_name,target,trade_date}',
    '[{severity}] {rule_code}: {stock_code} {stock_name}',
    'Rule {rule_code} doubts {stock_code} ({stock_name}) on {trade_date} in {target}: {detail}. See case {case_id}.',
    '[{severity}] 데이터 이상: {stock_name}({stock_code}) {rule_code}',
    '{stock_name}(종목코드 {stock_code}), 거래일 {trade_date}: 검증 규칙 {rule_code}에서 이상이 탐지되었습니다. '
    '대상: {target}. 내용: {detail}. 검증 건 {case_id}을(를) 확인해 주시기 바랍니다.'),
('finding_flood', '5 minutes', '{case_id,findings,rule_code,severity,stocks,target,trade_date}',
    '[{severity}] {rule_code}: {findings} findings at once',
    'Rule {rule_code} doubts {findings} rows of {stocks} codes in {target} at once, latest trading date {trade_date}. '
    'They are one case: {case_id}.',
    '[{severity}] 이상 다발: {rule_code} {findings}건',
    '검증 규칙 {rule_code}에서 {stocks}개 종목, {findings}건의 이상이 동시에 탐지되었습니다(대상 {target}, 최근 거래일 '
    '{trade_date}). 검증 건 {case_id} 하나로 묶어 접수하였습니다.'),
('load_level', '1 second', '{level,measure,previous_level,priorities}',
    'Load level {level} (was {previous_level})',
    'The load level went from {previous_level} to {level}: {measure}. Rules of these priorities run now: {priorities}. '
    'What is skipped is recorded and checked later.',
    '부하 단계 변경: {previous_level} → {level}',
    '시스템 부하 단계가 {previous_level}에서 {level}(으)로 변경되었습니다. 측정값: {measure}. 현재 실행 중인 검증 우선순위: '
    '{priorities}. 생략된 검증은 기록되며 부하 해소 후 수행합니다.'),
('test', '1 second', '{actor}',
    'AEGIS test alert',
    'This is a test alert, sent by {actor}. Nothing is wrong.',
    'AEGIS 시험 알림',
    '{actor} 님이 보낸 시험 알림입니다. 이상은 없습니다.')
ON CONFLICT (alert_kind) DO NOTHING;
