import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A judge that answers questions for as long as somebody asks: one request a line in (a URL query string such as
 * `file=%2Ftmp%2Fa.pdf&offline=true`), one JSON object a line out. Ends when its input ends.
 */
final class LineServer {
    interface Answer {
        Map<String, Object> to(Map<String, String> request) throws Exception;
    }

    private LineServer() {}

    static void serve(Answer answer) throws IOException {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.setOut(System.err); // libraries that print must not spoil the answers
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) out.println(json(safely(answer, parse(line))));
    }

    private static Map<String, Object> safely(Answer answer, Map<String, String> request) {
        try {
            return answer.to(request);
        } catch (Throwable problem) { // a file that breaks the library is an answer as well
            String text = String.valueOf(problem.getMessage()).split("\n")[0];
            return map("file", request.get("file"), "error", problem.getClass().getSimpleName() + ": " + text);
        }
    }

    private static Map<String, String> parse(String line) {
        Map<String, String> request = new LinkedHashMap<>();
        for (String pair : line.split("&")) {
            int equals = pair.indexOf('=');
            if (equals < 0) continue;
            request.put(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
        }
        return request;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    /** A map in the order given: key, value, key, value … */
    static Map<String, Object> map(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) map.put((String) pairs[i], pairs[i + 1]);
        return map;
    }

    static String json(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean) return String.valueOf(value);
        if (value instanceof Map<?, ?> map)
            return map.entrySet().stream()
                    .map(entry -> json(entry.getKey().toString()) + ":" + json(entry.getValue()))
                    .collect(Collectors.joining(",", "{", "}"));
        if (value instanceof Collection<?> list)
            return list.stream().map(LineServer::json).collect(Collectors.joining(",", "[", "]"));
        if (value instanceof Date date) return json(date.toInstant().toString());
        return quote(value.toString());
    }

    private static String quote(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < 32) out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        return out.append('"').toString();
    }

    /** Catches what a library prints to standard error while `work` runs. */
    static ByteArrayOutputStream captureErrors() {
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        return log;
    }
}
