package invalid.placeholder.llamacloudmock;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the JSON of the admin API into maps, lists, strings, doubles, booleans and null. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    static Object read(String text) {
        return new Json(text).value();
    }

    /** The objects in a field of an object. */
    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> objects(Object object, String field) {
        return (List<Map<String, Object>>) ((Map<String, Object>) object).get(field);
    }

    private Object value() {
        switch (next()) {
            case '{':
                Map<String, Object> object = new LinkedHashMap<>();
                for (at++; next() != '}'; skipComma()) {
                    String name = string();
                    next();
                    at++;
                    object.put(name, value());
                }
                at++;
                return object;
            case '[':
                List<Object> list = new ArrayList<>();
                for (at++; next() != ']'; skipComma()) {
                    list.add(value());
                }
                at++;
                return list;
            case '"':
                return string();
            default:
                int start = at;
                while (at < text.length() && ",]} \n\r\t".indexOf(text.charAt(at)) < 0) {
                    at++;
                }
                String word = text.substring(start, at);
                return switch (word) {
                    case "null" -> null;
                    case "true", "false" -> Boolean.valueOf(word);
                    default -> Double.valueOf(word);
                };
        }
    }

    /** The next character that is no space. */
    private char next() {
        while (Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return text.charAt(at);
    }

    private void skipComma() {
        if (next() == ',') {
            at++;
        }
    }

    private String string() {
        StringBuilder string = new StringBuilder();
        for (at++; text.charAt(at) != '"'; at++) {
            char letter = text.charAt(at);
            if (letter == '\\') {
                letter = text.charAt(++at);
                int escape = "bfnrt".indexOf(letter);
                if (escape >= 0) {
                    letter = "\b\f\n\r\t".charAt(escape);
                } else if (letter == 'u') {
                    letter = (char) Integer.parseInt(text.substring(at + 1, at + 5), 16);
                    at += 4;
                }
            }
            string.append(letter);
        }
        at++;
        return string.toString();
    }
}
